import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/tasks/rows/row.ts";
import { type SurveySettings, survey } from "../../../src/tasks/rows/survey.ts";
import { dataBytes, openRows, recipeSettings, rowOf } from "../../support/data_files.ts";

const look = (row: Row, changes: Partial<SurveySettings> = {}) => survey(row, { ...recipeSettings, ...changes });
const vstar = await openRows("vstar");
const pictureOf = async (row: number) => (await (await vstar.row(row)).pictures())[0]!;

/** A PNG's header that promises a size, with too little behind it. */
function promising(width: number, height: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(64);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  bytes.set([8, 2], 24);
  return bytes;
}

describe("a row is left out", () => {
  test.each([
    [
      "a picture that promises 50,000 x 50,000 pixels",
      promising(50_000, 50_000),
      "picture unreadable",
      /50000 x 50000/,
    ],
    [
      "a picture too large for the memory",
      promising(12_000, 12_000),
      "memory",
      /need about 1648 MiB .+ budget is 1024 MiB/,
    ],
    ["a picture too narrow", promising(1, 201), "aspect ratio", /at most 200 times/],
    ["an SVG", new TextEncoder().encode("<svg/>"), "picture unreadable", /found SVG/],
    ["no bytes", new Uint8Array(0), "picture unreadable", /found an empty file/],
    ["damage behind the header", promising(40, 40), "picture unreadable", /check sum/],
  ])("for %s", async (_, bytes, kind, why) => {
    const { skip, pixels } = await look(rowOf([bytes]));
    expect(skip).toMatchObject({ kind, why: expect.stringMatching(why) });
    expect(pixels).toEqual([]);
  });

  test("for being a chart, unless charts are asked for", async () => {
    const row = await (await openRows("chart")).row(1);
    expect((await look(row)).skip?.kind).toBe("chart");
    const { limits } = recipeSettings.budget;
    const budget = { ...recipeSettings.budget, limits: { ...limits, maxPixels: 100_000 }, maxSourcePixels: 1_000_000 };
    const { skip, pixels, pictures } = await look(row, { charts: true, budget });
    expect(skip).toBeNull();
    expect(pixels[0]!.width * pixels[0]!.height).toBeLessThanOrEqual(1_000_000);
    expect(pictures[0]!.modelWidth * pictures[0]!.modelHeight).toBeLessThanOrEqual(100_000);
    expect(pictures[0]!.changes).toEqual(["reduced to the source budget", "shown within the pixel budget"]);
  });

  test("for a prompt that is too long, images counted", async () => {
    const row = rowOf([await pictureOf(0)]);
    const promptTokens = (_: Row, images: readonly number[]) => 8170 + images[0]!;
    const { skip, promptTokens: counted } = await look(row, { promptTokens });
    // 160 x 120 is shown as 168 x 112: 24 tokens.
    expect(counted).toBe(8194);
    expect(skip).toMatchObject({ kind: "prompt too long", why: expect.stringContaining("8194 tokens") });
    expect((await look(row, { promptTokens, maxPromptTokens: 8194 })).skip).toBeNull();
  });

  test("for a prompt that refers to other pictures than there are", async () => {
    const one = await pictureOf(0);
    expect((await look(rowOf([one, one], { messages: [{ role: "user", content: "<image>?" }] }))).skip).toMatchObject({
      kind: "pictures and placeholders differ",
      why: "the prompt says <image> 1 times, the row has 2 pictures",
    });
  });

  test("for having no picture, where that is wanted", async () => {
    expect((await look(rowOf([]))).skip).toBeNull();
    expect((await look(rowOf([]), { textOnly: false })).skip?.kind).toBe("no picture");
  });

  test("for pictures that cannot be had", async () => {
    const row = rowOf([], { pictures: () => Promise.reject(new Error("the disk is gone")) });
    expect((await look(row)).skip).toEqual({ kind: "picture unreadable", why: "the disk is gone" });
  });
});

describe("what is changed is said", () => {
  test.each([
    [0, []],
    [1, ["EXIF orientation not followed"]],
    [2, ["gray to RGB"]],
    [3, ["CMYK to RGB"]],
    [4, ["put on white"]],
    [5, ["palette to RGB"]],
    [6, ["gray to RGB", "transparency dropped"]],
    [7, ["16-bit gray clipped at 255"]],
    [8, ["decoded by the engine (WebP)"]],
    [9, ["put on white", "decoded by the engine (WebP)"]],
  ])("row %i: %j", async (row, changes) => {
    const { pictures, pixels } = await look(await vstar.row(row));
    expect(pictures[0]!.changes).toEqual(changes);
    expect([pixels[0]!.width, pixels[0]!.height]).toEqual([pictures[0]!.width, pictures[0]!.height]);
  });

  test("a side below 28 px is enlarged before anyone crops, as qwen-vl-utils does it", async () => {
    const { pictures, pixels } = await look(await (await openRows("thinklite")).row(0));
    expect(pictures[0]).toMatchObject({
      width: 20,
      height: 150,
      changes: ["short side enlarged to the model's least"],
    });
    expect([pixels[0]!.width, pixels[0]!.height]).toEqual([28, 140]);
    expect([pictures[0]!.modelWidth, pictures[0]!.modelHeight]).toEqual([28, 140]);
  });
});

test("headers alone find what headers say", async () => {
  const bytes = (await dataBytes("thinklite.parquet")).slice(0, 0);
  expect((await survey(rowOf([bytes]), recipeSettings, { headersOnly: true })).skip?.kind).toBe("picture unreadable");
  const { skip, pixels } = await survey(rowOf([promising(40, 40)]), recipeSettings, { headersOnly: true });
  expect(skip).toBeNull();
  expect(pixels).toEqual([]);
});
