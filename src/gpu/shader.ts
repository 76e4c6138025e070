import common from "../../shaders/common.wgsl" with { type: "text" };
import { unroll } from "./unroll.ts";

interface Binding {
  number: number;
  kind: "uniform" | "read" | "read_write";
}

export interface Field {
  name: string;
  type: "u32" | "i32" | "f32";
}

/**
 * A WGSL file, parsed for what the host needs, so that TypeScript names bindings and never numbers them: bindings by name,
 * the fields of `struct Params` (4-byte scalars only, so order is layout), and which bindings each entry point uses.
 */
export class Shader {
  readonly bindings = new Map<string, Binding>();
  readonly params: readonly Field[];
  /** Structs whose fields are 4-byte scalars, so that their order is their layout; by name. */
  readonly #structs = new Map<string, readonly Field[]>();
  readonly entries: string[] = [];
  readonly #uses = new Map<string, Set<string>>();

  /**
   * @param name        the file's name without ending, for labels and messages; a variant adds a suffix
   * @param part        WGSL that the file leaves out, such as how an element is read; appended to it
   * @param directives  goes in front, such as `enable f16;`: not in the file, since naga refuses some of them
   */
  constructor(
    readonly name: string,
    readonly source: string,
    readonly part = "",
    readonly directives = "",
  ) {
    const code = `${source}\n${part}`.replace(/\/\/.*$/gm, "");
    for (const [, number, space, access, variable = ""] of code.matchAll(
      /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:,\s*(read_write|read))?>\s*(\w+)\s*:/g,
    ))
      this.bindings.set(variable, {
        number: Number(number),
        kind: space === "uniform" ? "uniform" : ((access ?? "read") as Binding["kind"]),
      });
    for (const [, struct = "", body = ""] of code.matchAll(/struct (\w+)\s*\{([^}]*)\}/g)) {
      const fields = [...body.matchAll(/(\w+)\s*:\s*([\w<>]+)/g)].map(([, field = "", type]) => {
        if (type === "u32" || type === "i32" || type === "f32") return { name: field, type } as const;
        if (struct === "Params")
          throw new TypeError(`${this.name}.wgsl: Params.${field} is ${type}, expected u32, i32 or f32`);
        return null;
      });
      if (fields.every((field) => field !== null)) this.#structs.set(struct, fields);
    }
    this.params = this.#structs.get("Params") ?? [];
    for (const [, entry = ""] of code.matchAll(/@compute[^{]*?fn\s+(\w+)/g)) this.entries.push(entry);
    this.#findUses(code);
  }

  /** @throws TypeError where the file has no such binding */
  binding(name: string): Binding {
    const binding = this.bindings.get(name);
    if (!binding)
      throw new TypeError(`${this.name}.wgsl has no binding ${name}; it has ${[...this.bindings.keys()].join(", ")}`);
    return binding;
  }

  /** The fields of a struct of scalars, in order. @throws TypeError where the file has none of this name */
  struct(name: string): readonly Field[] {
    const fields = this.#structs.get(name);
    if (!fields) throw new TypeError(`${this.name}.wgsl has no struct ${name} of u32, i32 and f32`);
    return fields;
  }

  /** Names of the bindings that an entry point uses, also through the functions that it calls. */
  uses(entry: string): Set<string> {
    const uses = this.#uses.get(entry);
    if (!uses) throw new TypeError(`${this.name}.wgsl has no entry point ${entry}; it has ${this.entries.join(", ")}`);
    return uses;
  }

  /**
   * The text to compile. Constants are put on the file's first line, so that compilers report the file's line numbers.
   *
   * @param unrolled  whether loops marked `// unroll` are unrolled, not only those marked `// always unroll`
   */
  text(sizes: Readonly<Record<string, number>>, { unrolled = true } = {}): string {
    const prelude = Object.entries(sizes)
      .map(([name, value]) => `const ${name}: u32 = ${value}u; `)
      .join("");
    return `${this.directives}${prelude}${unroll(this.source, sizes, unrolled ? "all" : "always")}\n${this.part}\n${common}`;
  }

  #findUses(code: string): void {
    const bodies = new Map<string, string>();
    for (const match of code.matchAll(/fn\s+(\w+)\s*\(/g)) {
      let end = code.indexOf("{", match.index);
      const start = end;
      for (let depth = 0; end < code.length; end++) {
        if (code[end] === "{") depth++;
        if (code[end] === "}" && --depth === 0) break;
      }
      bodies.set(match[1] ?? "", code.slice(start, end));
    }
    for (const entry of this.entries) {
      const found = new Set<string>();
      const seen = new Set([entry]);
      const queue = [entry];
      for (let name = queue.pop(); name; name = queue.pop())
        for (const [word] of (bodies.get(name) ?? "").matchAll(/(?<![.\w])[A-Za-z_]\w*/g)) {
          if (this.bindings.has(word)) found.add(word);
          if (bodies.has(word) && !seen.has(word)) {
            seen.add(word);
            queue.push(word);
          }
        }
      this.#uses.set(entry, found);
    }
  }
}
