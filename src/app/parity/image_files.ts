import { crop } from "../../image/crop.ts";
import { type Conversion, convert, decode } from "../../image/decode.ts";
import type { Decoded } from "../../image/decoded.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import { type SizeRule, smartResize } from "../../image/smart_resize.ts";
import { jsonLines, type Outcome, type ReadFile, same } from "../conformance/outcome.ts";

/** A line of cases.jsonl: a picture, and files with the pixels that Pillow and the processors made of it. */
interface PictureCase extends Record<Conversion, string | null> {
  id: string;
  file: string;
  size: [width: number, height: number];
  orientation: number;
  resized: { box: Box | null; size: [width: number, height: number]; file: string }[];
  smart_resize: (SizeCase & { height?: number; width?: number })[];
  processed?: {
    patch_size: number;
    merge_size: number;
    min_pixels: number;
    max_pixels: number;
    grid_thw: [number, number, number];
    file: string;
  };
}

interface SizeCase {
  by: SizeRule;
  factor: number;
  min_pixels: number;
  max_pixels: number;
  error?: string;
}

const conversions: readonly Conversion[] = ["rgb", "white", "paste", "upright"];

/** Decoders of JPEG may round differently: by one level, and seldom. */
const jpegTolerance = { largest: 1, mean: 0.02 };

/**
 * Compares what we make of a folder's pictures with its reference pixels: decoding and conversions, crop and resize,
 * sizes, the whole image processor.
 */
export async function* imageParity(read: ReadFile): AsyncGenerator<Outcome> {
  const pixels = async (file: string) => convert(await decode(await read(file)), "rgb");
  for (const one of jsonLines<PictureCase>(await read("cases.jsonl"), "cases.jsonl")) {
    const kind = /\.jpe?g$/i.test(one.file) ? "JPEG" : "PNG";
    let picture: Decoded | null = null;
    let failure = "";
    try {
      picture = await decode(await read(one.file));
    } catch (error) {
      failure = (error as Error).message;
    }
    for (const conversion of conversions) {
      const wanted = one[conversion];
      const quantity = `${kind}, ${conversion}`;
      const name = `${one.id} ${one.file}`;
      if (wanted === null) yield same(quantity, name, picture === null ? "refused" : "decoded", "refused");
      else if (!picture) yield { quantity, name, passed: false, detail: failure };
      else yield compare(quantity, { id: name, kind }, convert(picture, conversion), await pixels(wanted));
    }
    if (!picture) continue;
    yield same(
      "size and orientation",
      one.id,
      [picture.width, picture.height, picture.orientation],
      [...one.size, one.orientation],
    );

    const plain = convert(picture, "rgb");
    for (const { box, size, file } of one.resized ?? []) {
      const cut = box ? crop(plain, box) : plain;
      yield compare(
        `${kind}, crop and resize`,
        { id: `${one.id} ${file}`, kind },
        resize(cut, ...size),
        await pixels(file),
      );
    }
    for (const wanted of one.smart_resize ?? [])
      yield sizes(`${one.id} ${wanted.factor}`, one.size, wanted, [wanted.width, wanted.height]);
    if (one.processed) yield* processed({ id: one.id, kind }, picture, one.processed, await pixels(one.processed.file));
  }

  const rules = jsonLines<SizeCase & { width: number; height: number; out_width?: number; out_height?: number }>(
    await read("smart_resize.jsonl"),
    "smart_resize.jsonl",
  );
  for (const rule of rules)
    yield sizes(`${rule.width} x ${rule.height}`, [rule.width, rule.height], rule, [rule.out_width, rule.out_height]);
}

function sizes(
  name: string,
  [width, height]: readonly [width: number, height: number],
  rule: SizeCase,
  want: readonly [width?: number, height?: number],
): Outcome {
  const limits = { factor: rule.factor, minPixels: rule.min_pixels, maxPixels: rule.max_pixels };
  let got: unknown;
  try {
    const { widthPx, heightPx } = smartResize(height, width, limits, rule.by);
    got = [widthPx, heightPx];
  } catch {
    got = "an error";
  }
  return same(`smart_resize of ${rule.by}`, name, got, rule.error === undefined ? want : "an error");
}

function* processed(
  { id, kind }: CaseName,
  picture: Decoded,
  settings: NonNullable<PictureCase["processed"]>,
  want: Pixels,
): Generator<Outcome> {
  const { patch_size, merge_size, min_pixels, max_pixels } = settings;
  const { widthPx, heightPx } = smartResize(picture.height, picture.width, {
    factor: patch_size * merge_size,
    minPixels: min_pixels,
    maxPixels: max_pixels,
  });
  const got = resize(convert(picture, "white"), widthPx, heightPx);
  yield same("processor, grid", id, [1, heightPx / patch_size, widthPx / patch_size], settings.grid_thw);
  yield compare(`${kind}, whole processor`, { id, kind }, got, want);
}

/** Which case, and how exact its pixels must be. */
interface CaseName {
  id: string;
  kind: "PNG" | "JPEG";
}

function compare(quantity: string, { id: name, kind }: CaseName, got: Pixels, want: Pixels): Outcome {
  const tolerance = kind === "JPEG" ? jpegTolerance.largest : 0;
  if (got.width !== want.width || got.height !== want.height) {
    const detail = `expected ${want.width} x ${want.height} pixels, found ${got.width} x ${got.height}`;
    return { quantity, name, passed: false, error: Number.NaN, tolerance, detail };
  }
  let error = 0;
  let sum = 0;
  for (let i = 0; i < want.data.length; i++) {
    const difference = Math.abs(want.data[i]! - got.data[i]!);
    sum += difference;
    if (difference > error) error = difference;
  }
  const mean = sum / want.data.length;
  const passed = error <= tolerance && mean <= (kind === "JPEG" ? jpegTolerance.mean : 0);
  return {
    quantity,
    name,
    passed,
    error,
    tolerance,
    detail: passed ? "" : `largest difference ${error}, mean ${mean.toFixed(4)}`,
  };
}
