import { crop } from "../../image/crop.ts";
import type { Box, Pixels } from "../../image/pixels.ts";
import { resize } from "../../image/resize.ts";
import type { OnnxGraph, OnnxRuntime } from "../runtime/runtime.ts";

/** A line of text that was read somewhere in a picture. */
export interface Reading {
  text: string;
  /** Probability of its least sure letter. */
  confidence: number;
}

/** Height of the recogniser's input, px; it reads one line. */
const lineHeightPx = 48;
const narrowestPx = 48;
const widestPx = 320;

/** Parts of a picture that are read as a line each: all of it, and windows of these shares of its sides, so many each way. */
const windowShares: readonly (readonly [share: number, each: number])[] = [
  [0.6, 2],
  [0.4, 3],
];

/**
 * PP-OCRv4's recognition (PaddleOCR), which reads a picture that one line of text fills. A crop holds its text somewhere,
 * so it is read as a whole and in 13 windows.
 */
export class PpOcrReader {
  readonly #graph: OnnxGraph;
  /** Letters by class; the first, "", stands for none. */
  readonly #letters: readonly string[];

  /** @param keys  the letters, one a line @throws Error with one sentence where files are others */
  static async open(
    runtime: OnnxRuntime,
    files: { model: Uint8Array<ArrayBuffer>; keys: string },
  ): Promise<PpOcrReader> {
    const graph = await runtime.open({ name: "the reader", model: files.model, external: [] });
    return new PpOcrReader(graph, ["", ...files.keys.replace(/\r?\n$/, "").split(/\r?\n/), " "]);
  }

  private constructor(graph: OnnxGraph, letters: readonly string[]) {
    this.#graph = graph;
    this.#letters = letters;
    const classes = graph.outputs[0]?.shape.at(-1);
    if (graph.inputs.length !== 1 || classes !== letters.length)
      throw new Error(
        `Expected a graph that recognises ${letters.length} letters, as many as the file of keys has with none and the space, found ${classes}; take both from one package`,
      );
  }

  /** What stands in each part of a picture; parts in which nothing was read are left out. */
  async read(picture: Pixels): Promise<Reading[]> {
    const widthPx = Math.min(
      widestPx,
      Math.max(narrowestPx, Math.round((lineHeightPx * picture.width) / picture.height)),
    );
    const parts = partsOf(picture);
    const area = lineHeightPx * widthPx;
    const data = new Float32Array(parts.length * 3 * area);
    for (const [n, box] of parts.entries()) {
      const line = resize(crop(picture, box), widthPx, lineHeightPx).data;
      // Blue, green, red, from -1 to 1.
      for (let channel = 0; channel < 3; channel++)
        for (let i = 0, to = (n * 3 + channel) * area; i < area; i++)
          data[to + i] = line[i * 3 + 2 - channel]! / 127.5 - 1;
    }
    const { name } = this.#graph.inputs[0]!;
    const shape = [parts.length, 3, lineHeightPx, widthPx];
    const outputs = await this.#graph.run({ [name]: { dtype: "float32", shape, data } });
    const { shape: found, data: shares } = Object.values(outputs)[0]!;
    const [, steps = 0, classes = 0] = found;
    return parts
      .map((_, n) => this.#lineOf((shares as Float32Array).subarray(n * steps * classes, (n + 1) * steps * classes)))
      .filter(({ text }) => text !== "");
  }

  close(): Promise<void> {
    return this.#graph.close();
  }

  /** Greedy CTC: the likeliest class of each step, repetitions once, none left out. */
  #lineOf(shares: Float32Array): Reading {
    const classes = this.#letters.length;
    let text = "";
    let confidence = 1;
    let before = 0;
    for (let from = 0; from < shares.length; from += classes) {
      let best = 0;
      for (let one = 1; one < classes; one++) if (shares[from + one]! > shares[from + best]!) best = one;
      if (best !== 0 && best !== before) {
        text += this.#letters[best];
        confidence = Math.min(confidence, shares[from + best]!);
      }
      before = best;
    }
    return { text: text.trim(), confidence };
  }
}

function partsOf({ width, height }: Pixels): Box[] {
  const boxes: Box[] = [[0, 0, width, height]];
  for (const [share, each] of windowShares) {
    const [w, h] = [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
    for (let row = 0; row < each; row++)
      for (let column = 0; column < each; column++) {
        const left = Math.round(((width - w) * column) / (each - 1));
        const top = Math.round(((height - h) * row) / (each - 1));
        boxes.push([left, top, left + w, top + h]);
      }
  }
  return boxes;
}
