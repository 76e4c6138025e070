import { type PictureHeader, pictureHeader } from "../../image/picture_header.ts";
import type { Pixels } from "../../image/pixels.ts";
import { smartResize } from "../../image/smart_resize.ts";
import type { PictureDecoder } from "../../platform.ts";
import { decodedBytes, type PictureBudget, readPicture, sourceSize } from "./picture_budget.ts";
import type { Row } from "./row.ts";
import { type TextProblem, textProblem } from "./texts.ts";

/** Why a row is left out. */
export type Skip =
  | "row unreadable"
  | "chart"
  | "no picture"
  | "pictures and placeholders differ"
  | "picture unreadable"
  | "aspect ratio"
  | "memory"
  | "prompt too long"
  | TextProblem;

/** Changes to a picture before the model gets it that a person should know. */
export type Change =
  | "short side enlarged to the model's least"
  | "reduced to the source budget"
  | "shown within the pixel budget"
  | "put on white"
  | "transparency dropped"
  | "gray to RGB"
  | "palette to RGB"
  | "CMYK to RGB"
  | "16-bit gray clipped at 255"
  | "EXIF orientation not followed"
  | "decoded by the engine (WebP)";

export interface SurveyedPicture extends PictureHeader {
  /** As the original that crops are cut from. */
  sourceWidth: number;
  sourceHeight: number;
  modelWidth: number;
  modelHeight: number;
  imageTokens: number;
  changes: Change[];
}

/** What would become of a row. */
export interface Survey {
  pictures: SurveyedPicture[];
  /** Tokens of the whole prompt, images and tools included; null where they are not counted or the row is left out before. */
  promptTokens: number | null;
  skip: { kind: Skip; why: string } | null;
}

export interface SurveySettings {
  budget: PictureBudget;
  /** Takes rows whose data_source is "chart": figures so large that the original recipe leaves them out. */
  charts: boolean;
  /** Takes rows without pictures. */
  textOnly: boolean;
  maxPromptTokens: number;
  /** Decodes pictures; absent: our own code. */
  pictures?: PictureDecoder;
  /** Length of a row's prompt in tokens, image tokens and the tools block included; absent where none is counted. */
  promptTokens?: (row: Row, imageTokens: readonly number[]) => number;
}

/** A row that is not left out, and its pictures as originals. */
export interface Surveyed extends Survey {
  pixels: Pixels[];
}

/** Says what would become of a row; reads its pictures' headers and, unless `headersOnly`, all of them. Never throws. */
export async function survey(row: Row, settings: SurveySettings, { headersOnly = false } = {}): Promise<Surveyed> {
  const found: Surveyed = { pictures: [], promptTokens: null, skip: null, pixels: [] };
  const leave = (kind: Skip, why: string): Surveyed => ({ ...found, pixels: [], skip: { kind, why } });

  let files: Uint8Array[];
  try {
    files = await row.pictures();
  } catch (error) {
    return leave("picture unreadable", (error as Error).message);
  }
  const placesIn = (text: string) => text.split("<image>").length - 1;
  const inMessages = row.messages.reduce((sum, { content }) => sum + placesIn(content), 0);
  const inQuestion = row.places ?? placesIn(row.question);

  for (const [i, bytes] of files.entries()) {
    let header: PictureHeader;
    try {
      header = pictureHeader(bytes);
    } catch (error) {
      return leave("picture unreadable", `picture ${i}: ${(error as Error).message}`);
    }
    try {
      found.pictures.push(surveyed(header, settings.budget));
    } catch (error) {
      return leave("aspect ratio", `picture ${i}: ${(error as Error).message}`);
    }
  }
  if (row.dataSource === "chart" && !settings.charts)
    return leave("chart", "rows of data_source chart are left out unless they are asked for");
  if (files.length === 0 && !settings.textOnly) return leave("no picture", "the row has no picture");
  const text = textProblem(row);
  if (text) return leave(text.kind, text.why);
  // A question without messages need not say where its pictures stand.
  const places = row.messages.length > 0 ? inMessages : inQuestion || files.length;
  if (places !== files.length)
    return leave(
      "pictures and placeholders differ",
      `the ${row.messages.length > 0 ? "prompt" : "question"} says <image> ${places} times, the row has ${files.length} pictures`,
    );
  const bytesNeeded = found.pictures.reduce((sum, header) => sum + decodedBytes(header), 0);
  if (bytesNeeded > settings.budget.memoryBytes)
    return leave(
      "memory",
      `its pictures need about ${Math.round(bytesNeeded / 2 ** 20)} MiB while they are decoded, the budget is ${Math.round(settings.budget.memoryBytes / 2 ** 20)} MiB`,
    );
  if (settings.promptTokens) {
    try {
      found.promptTokens = settings.promptTokens(
        row,
        found.pictures.map(({ imageTokens }) => imageTokens),
      );
    } catch (error) {
      return leave("row unreadable", (error as Error).message);
    }
    if (found.promptTokens > settings.maxPromptTokens)
      return leave(
        "prompt too long",
        `its prompt has ${found.promptTokens} tokens, images and tools included, the limit is ${settings.maxPromptTokens}`,
      );
  }
  if (headersOnly) return found;
  for (const [i, bytes] of files.entries()) {
    try {
      const { pixels, droppedAlpha } = await readPicture(bytes, settings.budget, settings.pictures);
      found.pixels.push(pixels);
      if (droppedAlpha) found.pictures[i]!.changes.push("transparency dropped");
    } catch (error) {
      return leave("picture unreadable", `picture ${i}: ${(error as Error).message}`);
    }
  }
  return found;
}

/** @throws where one side is more than 200 times the other */
function surveyed(header: PictureHeader, budget: PictureBudget): SurveyedPicture {
  const { limits } = budget;
  const source = sourceSize(header, budget);
  const model = smartResize(source.height, source.width, limits, "qwen-vl-utils");
  const changes: Change[] = [];
  if (source.change === "enlarged") changes.push("short side enlarged to the model's least");
  if (source.change === "reduced") changes.push("reduced to the source budget");
  if (source.width * source.height > limits.maxPixels) changes.push("shown within the pixel budget");
  if (header.mode === "RGBA") changes.push("put on white");
  if (["1", "L", "LA"].includes(header.mode)) changes.push("gray to RGB");
  if (header.mode === "I;16") changes.push("16-bit gray clipped at 255");
  if (header.mode === "P") changes.push("palette to RGB");
  if (header.mode === "CMYK") changes.push("CMYK to RGB");
  if (header.orientation > 1) changes.push("EXIF orientation not followed");
  if (header.format === "WEBP") changes.push("decoded by the engine (WebP)");
  return {
    ...header,
    sourceWidth: source.width,
    sourceHeight: source.height,
    modelWidth: model.widthPx,
    modelHeight: model.heightPx,
    imageTokens: (model.widthPx / limits.factor) * (model.heightPx / limits.factor),
    changes,
  };
}
