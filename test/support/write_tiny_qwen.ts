/** Writes the tiny random Qwen2.5-VL into a folder: `npx deno run -A test/support/write_tiny_qwen.ts FOLDER` */
import tokenizer from "../golden/tokenizer-needle.json" with { type: "json" };
import { tinyQwenFiles } from "./tiny_qwen.ts";

const [folder] = Deno.args;
if (!folder) throw new Error("Expected a folder to write into, found none");
await Deno.mkdir(folder, { recursive: true });
for (const { name, bytes } of tinyQwenFiles(tokenizer)) await Deno.writeFile(`${folder}/${name}`, bytes);
