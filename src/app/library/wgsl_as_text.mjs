/**
 * A plugin of vite's for `import source from "./x.wgsl" with { type: "text" }`, which Deno reads by itself; the same for the
 * Python files of an export. JavaScript, so that Node runs it as it stands.
 */
export const wgslAsText = () => ({
  name: "wgsl-as-text",
  enforce: "pre",
  transform: {
    filter: { id: /\.(wgsl|py)$/ },
    handler: (code, id) => ({
      code: `export default ${JSON.stringify(id.endsWith(".py") ? code : compactWgsl(code))}`,
      map: null,
      moduleType: "js",
    }),
  },
});

/**
 * Without comments and indentation, a third of what a page loads of shaders. Marks of loops to be unrolled stay, and so do
 * the lines, which compilers name.
 * @param {string} code
 */
export const compactWgsl = (code) =>
  code.replace(/\/\/(?! (?:always )?unroll$).*$/gm, "").replace(/^[ \t]+|[ \t]+$/gm, "");
