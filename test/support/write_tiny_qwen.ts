/**
 * Writes the tiny random Qwen2.5-VL into a folder: `npx deno run -A test/support/write_tiny_qwen.ts FOLDER [awq|gptq]`.
 * With a method of quantization, FOLDER-plain gets the same model in f32.
 */
import tokenizer from "../golden/tokenizer-needle.json" with { type: "json" };
import { quantizedQwenFiles } from "./quantized_qwen.ts";
import { tinyQwenFiles } from "./tiny_qwen.ts";

const [folder, method] = Deno.args;
if (!folder) throw new Error("Expected a folder to write into, found none");
if (method !== undefined && method !== "awq" && method !== "gptq")
  throw new Error(`Expected awq or gptq, found ${method}`);
const made = method ? await quantizedQwenFiles(tokenizer, method) : null;
const folders = made
  ? { [folder]: made.quantized, [`${folder}-plain`]: made.plain }
  : { [folder]: tinyQwenFiles(tokenizer) };
for (const [path, files] of Object.entries(folders)) {
  await Deno.mkdir(path, { recursive: true });
  for (const { name, bytes } of files) await Deno.writeFile(`${path}/${name}`, bytes);
}
