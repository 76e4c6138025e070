/**
 * A plugin of vite's for `import source from "./x.wgsl" with { type: "text" }`, which Deno reads by itself. JavaScript, so
 * that Node runs it as it stands.
 */
export const wgslAsText = () => ({
  name: "wgsl-as-text",
  enforce: "pre",
  transform: {
    filter: { id: /\.wgsl$/ },
    handler: (code) => ({ code: `export default ${JSON.stringify(code)}`, map: null, moduleType: "js" }),
  },
});
