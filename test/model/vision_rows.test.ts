import { afterAll, describe, expect, it, vi } from "vitest";
import { Gpu } from "../../src/gpu/gpu.ts";
import { Plan } from "../../src/gpu/plan.ts";
import { inputImage, VisionRows } from "../../src/model/vision_rows.ts";

const config = {
  patchSize: 8,
  spatialMergeSize: 2,
  temporalPatchSize: 2,
  imageMean: [0.5, 0.5, 0.5],
  imageStd: [0.5, 0.5, 0.5],
  hiddenSize: 16,
  intermediateSize: 32,
  depth: 1,
  numHeads: 2,
  outHiddenSize: 16,
  ropeTheta: 10_000,
};
const gpu = await Gpu.open(navigator.gpu);
afterAll(() => gpu.close());

/** A picture of this many merge blocks, of 2 x 2 patches each. */
const picture = (columns: number, rows: number) => {
  const [width, height] = [columns * 16, rows * 16];
  return inputImage({ width, height, data: new Uint8Array(width * height * 3) }, config);
};

/** Room for three pictures of 2 x 1 blocks and one block more, and what is read of them. */
function visionRows() {
  const plan = new Plan(gpu, "rows");
  const fillOwn = vi.fn();
  const rows = new VisionRows(plan, config, {
    capacity: 28,
    trained: false,
    patchesOf: ({ h, w }) => Uint32Array.from({ length: h * w }, (_, i) => i),
    own: { fill: fillOwn },
  });
  /** Where each patch's picture begins and ends, as `begin-end`. */
  const spans = async (): Promise<string[]> => {
    const [words] = await gpu.readUint(rows.spans.query);
    return Array.from({ length: 28 }, (_, i) => `${words![i * 4]}-${words![i * 4 + 1]}`);
  };
  return { rows, fillOwn, spans, free: () => plan.free() };
}
const times = (n: number, what: string): string[] => new Array<string>(n).fill(what);
const nothing = "0-0";

describe("rows of pictures", () => {
  it("are written once for any number of pictures of one size", async () => {
    const { rows, fillOwn, spans, free } = visionRows();
    const all = [...times(8, "0-8"), ...times(8, "8-16"), ...times(8, "16-24"), ...times(4, nothing)];
    for (const count of [1, 3, 2]) {
      expect(rows.fill(new Array(count).fill(picture(2, 1)))).toEqual([0, 2, 4].slice(0, count));
      expect(await spans()).toEqual(all);
    }
    expect(fillOwn).toHaveBeenCalledTimes(1);
    free();
  });

  it("are written again for other sizes, and hold those pictures only where sizes differ", async () => {
    const { rows, fillOwn, spans, free } = visionRows();
    rows.fill([picture(2, 1)]);
    expect(rows.fill([picture(2, 1), picture(1, 1)])).toEqual([0, 2]);
    expect(await spans()).toEqual([...times(8, "0-8"), ...times(4, "8-12"), ...times(16, nothing)]);
    // As many patches in the same number of columns, lying otherwise.
    rows.fill([picture(1, 2)]);
    expect(await spans()).toEqual([
      ...times(8, "0-8"),
      ...times(8, "8-16"),
      ...times(8, "16-24"),
      ...times(4, nothing),
    ]);
    expect(fillOwn).toHaveBeenCalledTimes(3);
    free();
  });

  it("take no more than there is room for", () => {
    const { rows, free } = visionRows();
    expect(() => rows.fill(new Array(4).fill(picture(2, 1)))).toThrow("pictures have more than 28 patches together");
    free();
  });
});
