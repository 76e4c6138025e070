import { Plan } from "../../gpu/plan.ts";
import { decodePixels } from "../../image/decode.ts";
import { resize } from "../../image/resize.ts";
import { smartResize } from "../../image/smart_resize.ts";
import { preprocessorIn } from "../../model/families/read_files.ts";
import { inputImage } from "../../model/vision_rows.ts";
import { type Check, check, compare, type Subject, worst } from "./check.ts";
import { pixelValues } from "./golden_folder.ts";

/** `images/` through our own processor: decoded, resized, normalized and cut into patches, against `pixel_levels`. */
export async function* pictureChecks(subject: Subject): AsyncGenerator<Check> {
  const { gpu, folder, model } = subject;
  const { vision } = model.config;
  if (folder.golden.images.length === 0) return;
  const { minPixels, maxPixels } = await preprocessorIn(folder.files);
  const factor = vision.patchSize * vision.spatialMergeSize;
  const checks: [string, Check][] = [];
  let from = 0;
  for (const {
    file,
    grid_thw: [t, h, w],
  } of folder.golden.images) {
    const count = t * h * w;
    const want = pixelValues(folder, [from, from + count], vision);
    from += count;
    const source = await decodePixels(await folder.files.read(file), "white");
    const size = smartResize(source.height, source.width, { factor, minPixels, maxPixels }, "transformers");
    const image = inputImage(resize(source, size.widthPx, size.heightPx), vision);
    if (image.grid.h !== h || image.grid.w !== w) {
      const note = `${file} becomes ${image.grid.h} x ${image.grid.w} patches, expected ${h} x ${w}`;
      checks.push([file, check(subject, "pixel_values", Number.POSITIVE_INFINITY, { note })]);
      continue;
    }
    const plan = new Plan(gpu, "pixel values");
    const rows = model.visionRows(plan, { capacity: count, trained: false });
    rows.fill([image]);
    const values = rows.pixelValues();
    plan.run();
    const stored = await gpu.read(values);
    plan.free();
    const width = stored.length / count;
    const got = new Float32Array(stored.length);
    for (const [place, patch] of model.family.patchOrder(image.grid, vision).patches.entries())
      got.set(stored.subarray(place * width, (place + 1) * width), patch * width);
    checks.push([file, compare(subject, "pixel_values", got, want)]);
  }
  yield worst(checks);
}
