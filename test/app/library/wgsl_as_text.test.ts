import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compactWgsl } from "../../../src/app/library/wgsl_as_text.mjs";

const folder = new URL("../../../shaders/", import.meta.url);
const shaders = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".wgsl"));

/** What compilers see of it, and the marks of loops. */
const tokens = (code: string): string[] =>
  code.split("\n").map((line) => line.replace(/\/\/(?! (always )?unroll$).*/, "").trim());

test("a built page has of every shader the same lines without comments, and the marks of loops to be unrolled", () => {
  expect(shaders.length).toBeGreaterThan(30);
  let before = 0;
  let after = 0;
  for (const name of shaders) {
    const code = readFileSync(new URL(name, folder), "utf8");
    const compact = compactWgsl(code);
    expect(compact.split("\n"), name).toEqual(tokens(code));
    before += code.length;
    after += compact.length;
  }
  expect(after).toBeLessThan(0.8 * before);
});

test("nothing but the mark keeps a comment", () => {
  expect(compactWgsl("// a\n  x = 1; // unrolled\n  for (;;) { // unroll\n\ty(); // always unroll\n}")).toBe(
    "\nx = 1;\nfor (;;) { // unroll\ny(); // always unroll\n}",
  );
});
