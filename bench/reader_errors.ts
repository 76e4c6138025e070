/**
 * How often the reader of the reward `legible` errs on crops of generated scenes of which it is known whether they hold the
 * digit: `deno run -A bench/reader_errors.ts public/reader [SCENES]`. Its table stands in docs/reader.md.
 */
import { openOnnxRuntime } from "../src/app/deno/gpu/onnx_runtime.ts";
import { resize } from "../src/image/resize.ts";
import { crop } from "../src/image/crop.ts";
import type { Box } from "../src/image/pixels.ts";
import { PpOcrReader, type Reading } from "../src/onnx/reader/ppocr_reader.ts";
import { isRead, surely } from "../src/reward/reading/crop_reader.ts";
import { generatedScenes, scenePictures } from "../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../src/train/config.ts";

const [folder = "public/reader", scenes = "50"] = Deno.args;
const config = resolveConfig({ preset: "needle" });
const reader = await PpOcrReader.open(await openOnnxRuntime(null), {
  model: await Deno.readFile(`${folder}/ch_PP-OCRv4_rec_infer.onnx`),
  keys: await Deno.readTextFile(`${folder}/ppocr_keys_v1.txt`),
});
/** Side of the crop by that of the object, and the model's input of it. */
const sizes = [1, 1.5, 2, 3, 4];
const shownPx = 64;
const rows = new Map<string, Reading[][]>();
const answers = new Map<string, string[]>();
const overlaps = ([l, t, r, b]: Box, [L, T, R, B]: Box): boolean => l < R && L < r && t < B && T < b;
const startedMs = performance.now();
let reads = 0;
for (const task of await generatedScenes(config, 0).heldOut(Number(scenes))) {
  const [picture] = scenePictures(task.id, config);
  if (!picture) continue;
  const gold = task.goldBoxSourcePx!;
  for (const size of sizes) {
    const side = Math.min(picture.width, Math.round(size * Math.max(gold[2] - gold[0], gold[3] - gold[1])));
    const place = (x: number, y: number): Box => {
      const left = Math.round(Math.min(picture.width - side, Math.max(0, x - side / 2)));
      const top = Math.round(Math.min(picture.height - side, Math.max(0, y - side / 2)));
      return [left, top, left + side, top + side];
    };
    const holds = place((gold[0] + gold[2]) / 2, (gold[1] + gold[3]) / 2);
    // As far from the object as the picture allows: it may show other objects, and other digits.
    const [x, y] = [gold[0] < picture.width / 2 ? picture.width : 0, gold[1] < picture.height / 2 ? picture.height : 0];
    for (const [kind, box] of [
      ["holds", holds],
      ["misses", place(x, y)],
      ["misses", place(x, picture.height / 2)],
      ["misses", place(picture.width / 2, y)],
    ] as const) {
      if (kind === "misses" && overlaps(box, gold)) continue;
      const found = await reader.read(resize(crop(picture, box), shownPx, shownPx));
      reads++;
      const key = `${kind} ${size}`;
      rows.set(key, [...(rows.get(key) ?? []), found]);
      answers.set(key, [...(answers.get(key) ?? []), task.answer]);
    }
  }
}
for (const least of [0.3, surely, 0.7, 0.9, 0.95])
  for (const [key, found] of rows) {
    const read = found.filter((readings, i) =>
      isRead(
        readings.filter(({ confidence }) => confidence >= least).map(({ text }) => ({ text, confidence: 1 })),
        answers.get(key)![i]!,
      ),
    ).length;
    console.log(`at least ${least}: ${key}: read in ${read} of ${found.length} (${((100 * read) / found.length).toFixed(0)} %)`);
  }
console.log(`${((performance.now() - startedMs) / reads).toFixed(0)} ms a crop`);
Deno.exit(0);
