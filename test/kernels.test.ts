import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { compileKernels } from "../src/app/deno/gpu/compile.ts";
import { createDawnCompiler } from "../src/app/deno/gpu/dawn.ts";

const files = readdirSync(new URL("../shaders/", import.meta.url), { recursive: true })
  .filter((name) => name.endsWith(".wgsl") && name !== "common.wgsl")
  .map((name) => name.slice(0, -".wgsl".length));
const shaders = files.filter((name) => !name.includes("/"));
const packed = files.flatMap((name) => /^weights\/(?!f32)(.*)/.exec(name)?.[1] ?? []);
/** Files that read weights of any dtype. */
const readers = [
  "gather_vec4",
  "product",
  "product_matrix",
  "product_small",
  "product_thin",
  "product_wide",
  "weight_range",
];
/** Files that read keys and values of a cache in f32 or bf16. */
const cacheReaders = [
  "attention",
  "attention_scalar",
  "attention_decode",
  "attention_forward",
  "attention_forward_narrow",
  "attention_unshared",
];
/** Files for matrix units, which only Chrome knows. */
const onlyTint = /^product_matrix(?!_halves)/;

/** Deno has naga and Chrome has Tint; they accept different text, and a page that works in one may fail in the other. */
test.each([
  ["naga", async () => navigator.gpu],
  ["Tint", createDawnCompiler],
])(
  "every kernel compiles by %s",
  async (compiler, open) => {
    const gpu = await open();
    const compiled = new Set<string>();
    const refused: string[] = [];
    for await (const { label, error } of compileKernels(gpu)) {
      compiled.add(label.replace(/\..*/, ""));
      if (error !== null) refused.push(`${label}: ${error}`);
    }
    expect(refused).toEqual([]);
    const variants = readers.flatMap((reader) => packed.map((dtype) => `${reader}_${dtype}`));
    variants.push(...packed.map((dtype) => `product_thin_${dtype}_chunks`));
    const ofCaches = cacheReaders.map((reader) => `${reader}_bf16`);
    const all = [...shaders, ...variants, "attention_scalar", ...ofCaches];
    const known = compiler === "Tint" ? all : all.filter((name) => !onlyTint.test(name));
    expect([...compiled].sort()).toEqual(known.sort());
  },
  180_000,
);
