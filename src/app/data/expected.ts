import { convert, decode } from "../../image/decode.ts";
import { pictureHeader } from "../../image/picture_header.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { smartResize } from "../../image/smart_resize.ts";
import { recipeBudget } from "../../tasks/rows/picture_budget.ts";
import type { Row, RowSource } from "../../tasks/rows/row.ts";
import { type Outcome, same } from "../conformance/outcome.ts";

/** A line of expected.jsonl: a row as pyarrow, Pillow and qwen-vl-utils read it. */
export interface ExpectedRow {
  /** The source's name without its extension. */
  file: string;
  row: number;
  question: string;
  ground_truth: string;
  env_name: string;
  user: string;
  images: {
    mode: string;
    size: [width: number, height: number];
    mean_rgb: [number, number, number];
    model_size: [width: number, height: number];
    image_tokens: number;
  }[];
  /** The object shown in picture 0: [left, top, right, bottom] in source pixels, not turned by EXIF. */
  boxes?: Record<string, Box>;
}

/** How far a mean level may be off. */
const meanTolerance = 0.5;

const stem = (name: string): string => name.replace(/\.[^.]*$/, "");

/** Compares every row of a source with the lines about it, field by field. A row that breaks has failed. */
export async function* compareRows(source: RowSource, lines: readonly ExpectedRow[]): AsyncGenerator<Outcome> {
  const own = lines.filter(({ file }) => file === stem(source.name));
  yield same("rows", source.name, source.rows, own.length);
  for (const expected of own) {
    const name = `${source.name}, row ${expected.row}`;
    try {
      yield* compareRow(await source.row(expected.row), expected, name);
    } catch (error) {
      yield { quantity: "readable", name, passed: false, detail: (error as Error).message };
    }
  }
}

async function* compareRow(row: Row, expected: ExpectedRow, name: string): AsyncGenerator<Outcome> {
  yield same("question", name, row.question, expected.question);
  yield same("ground truth", name, row.answer, expected.ground_truth);
  yield same("env_name", name, row.envName, expected.env_name);
  yield same("user message", name, row.messages.findLast(({ role }) => role === "user")?.content, expected.user);
  const files = await row.pictures();
  yield same("pictures", name, files.length, expected.images.length);
  for (const [i, want] of expected.images.entries()) {
    const bytes = files[i];
    if (!bytes) continue;
    const picture = `${name}, picture ${i}`;
    const { mode, width, height } = pictureHeader(bytes);
    yield same("mode", picture, mode, want.mode);
    yield same("size", picture, [width, height], want.size);
    const { limits } = recipeBudget;
    const model = smartResize(height, width, limits, "qwen-vl-utils");
    yield same("model size", picture, [model.widthPx, model.heightPx], want.model_size);
    const tokens = (model.widthPx / limits.factor) * (model.heightPx / limits.factor);
    yield same("image tokens", picture, tokens, want.image_tokens);
    const means = meanLevels(convert(await decode(bytes), "paste"));
    const error = Math.max(...means.map((mean, c) => Math.abs(mean - want.mean_rgb[c]!)));
    for (const [label, [left, top, right, bottom]] of i === 0 ? Object.entries(expected.boxes ?? {}) : [])
      yield {
        quantity: "box inside its picture",
        name: `${picture}, ${label}`,
        passed: 0 <= left && left < right && right <= width && 0 <= top && top < bottom && bottom <= height,
        detail: `expected a box inside ${width} x ${height}, found ${[left, top, right, bottom].join(", ")}`,
      };
    yield {
      quantity: "mean rgb",
      name: picture,
      passed: error <= meanTolerance,
      error,
      tolerance: meanTolerance,
      detail: `expected ${want.mean_rgb.join(", ")}, found ${means.map((mean) => mean.toFixed(3)).join(", ")}`,
    };
  }
}

function meanLevels({ data, width, height }: Pixels): number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 3) for (let c = 0; c < 3; c++) sums[c]! += data[at + c]!;
  return sums.map((sum) => sum / (width * height));
}
