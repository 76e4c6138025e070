/**
 * Asks an exported folder by transformers.js, and says whether it writes the tokens that Saccade's own engine wrote.
 *
 *     npm run saccade -- export --as onnx --model needle --out models/needle-onnx
 *     npm run saccade -- rollout --data examples/transformersjs/scenes.jsonl --tasks 3 --greedy --log-json > rollouts.jsonl
 *     cd examples/transformersjs && npm install
 *     node compare.mjs ../../models/needle-onnx ../../rollouts.jsonl [fp32|fp16|q8]
 *
 * Compared is the first turn of each rollout: what was written to the picture alone, until a stop.
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AutoModelForImageTextToText, AutoProcessor, env, RawImage } from "@huggingface/transformers";

const [folder, rollouts, dtype = "fp32"] = process.argv.slice(2);
if (rollouts === undefined) {
  console.error("Expected node compare.mjs FOLDER ROLLOUTS.jsonl [fp32|fp16|q8]");
  process.exit(2);
}
// Nothing is fetched.
env.allowRemoteModels = false;
env.localModelPath = "";

const place = resolve(folder);
const processor = await AutoProcessor.from_pretrained(place);
const model = await AutoModelForImageTextToText.from_pretrained(place, { dtype });
const { tokenizer } = processor;

let different = 0;
for (const line of (await readFile(rollouts, "utf8")).split("\n").filter(Boolean)) {
  const { task, rollouts: made } = JSON.parse(line);
  const [prompt, turn] = made[0].segments;
  // One image token stands for the picture in the text; the processor repeats it.
  const text = tokenizer.decode(prompt.tokens, { skip_special_tokens: false }).replace(/(<\|image_pad\|>)+/g, "$1");
  const image = await RawImage.read(fileURLToPath(new URL(task.columns.image, import.meta.url)));
  const inputs = await processor(text, image);
  const ids = inputs.input_ids.tolist()[0].map(Number);
  if (ids.join() !== prompt.tokens.join()) throw new Error(`The prompts differ: ${ids} and ${prompt.tokens}`);
  const output = await model.generate({ ...inputs, max_new_tokens: turn.tokens.length, do_sample: false });
  const written = output.tolist()[0].map(Number).slice(ids.length);
  const same = written.join() === turn.tokens.join();
  if (!same) different++;
  console.log(`${task.question} ${same ? "the same tokens" : "OTHER TOKENS"}`);
  console.log(`  transformers.js: ${JSON.stringify(tokenizer.decode(written, { skip_special_tokens: false }))}`);
  if (!same)
    console.log(`  Saccade:         ${JSON.stringify(tokenizer.decode(turn.tokens, { skip_special_tokens: false }))}`);
}
console.log(different === 0 ? "All equal" : `${different} differ`);
process.exit(different === 0 ? 0 : 1);
