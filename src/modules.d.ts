/// <reference types="vite/client" />

/** A shader's text: `import source from "../../shaders/x.wgsl" with { type: "text" }`. */
declare module "*.wgsl" {
  const source: string;
  export default source;
}

/** A Python file's text, which an export carries. */
declare module "*.py" {
  const source: string;
  export default source;
}
