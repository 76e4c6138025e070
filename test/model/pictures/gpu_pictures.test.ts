import { afterAll, describe, expect, it, vi } from "vitest";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { Plan } from "../../../src/gpu/plan.ts";
import { decodePixels } from "../../../src/image/decode.ts";
import { cropped, derived, resized } from "../../../src/image/derived.ts";
import type { Box, Pixels } from "../../../src/image/pixels.ts";
import { smartResize } from "../../../src/image/smart_resize.ts";
import { qwen25VL } from "../../../src/model/families/qwen2_5_vl/family.ts";
import { qwen3VL } from "../../../src/model/families/qwen3_vl/family.ts";
import { GpuPictures } from "../../../src/model/pictures/gpu_pictures.ts";
import { inputImage, type VisionRows } from "../../../src/model/vision_rows.ts";
import { Random } from "../../../src/tasks/random.ts";
import { renderWindow, wholeScene } from "../../../src/tasks/scenes/render.ts";
import { randomScene } from "../../../src/tasks/scenes/scene.ts";
import { sceneWords } from "../../../src/tasks/scenes/scene_words.ts";
import { renderedPicture, scenePictures, taskWords } from "../../../src/tasks/sources/scenes.ts";
import { readBytes } from "../../support/png.ts";

const gpu = await Gpu.open(navigator.gpu);
afterAll(() => gpu.close());

const random = new Random(11, [0]);
const below = (n: number) => random.below(n);
/** How many words differ; comparing them one by one as the test runner does takes seconds. */
const differences = (a: Uint32Array, b: Uint32Array): number =>
  a.length === b.length ? a.reduce((n, word, i) => n + (word === b[i] ? 0 : 1), 0) : Number.POSITIVE_INFINITY;

/** Noise, in which every tap shows. */
const noise = (width: number, height: number): Pixels => {
  let state = 1 + below(2 ** 31);
  const data = new Uint8Array(width * height * 3).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
  return { width, height, data };
};

const plain = ({ width, height, data }: Pixels): Pixels => ({ width, height, data: data.slice() });

const visionSizes = {
  hiddenSize: 16,
  intermediateSize: 32,
  depth: 1,
  numHeads: 2,
  temporalPatchSize: 2,
  spatialMergeSize: 2,
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
  outHiddenSize: 16,
  ropeTheta: 10_000,
};
const qwen25Sizes = { ...visionSizes, patchSize: 14, windowSize: 112, fullattBlockIndexes: [0] };
const qwen3Sizes = {
  ...visionSizes,
  patchSize: 8,
  numPositionEmbeddings: 64,
  deepstackVisualIndexes: [],
  imageMean: [0.5, 0.5, 0.5],
  imageStd: [0.5, 0.5, 0.5],
};

type Options = { capacity: number; trained: boolean };
const families = [
  {
    name: "Qwen2.5-VL",
    sizes: qwen25Sizes,
    rows: (plan: Plan, on: Options): VisionRows => qwen25VL.visionRows(plan, qwen25Sizes, on),
  },
  {
    name: "Qwen3-VL",
    sizes: qwen3Sizes,
    rows: (plan: Plan, on: Options): VisionRows => qwen3VL.visionRows(plan, qwen3Sizes, on),
  },
];

/** Reads what the tower gets of pictures, as bits. */
async function patchBits(family: (typeof families)[number], pictures: readonly Pixels[]): Promise<Uint32Array> {
  const images = pictures.map((pixels) => inputImage(pixels, family.sizes));
  const capacity = images.reduce((n, { grid }) => n + grid.h * grid.w, 0) + 4;
  const plan = new Plan(gpu, "patches");
  const rows = family.rows(plan, { capacity, trained: false });
  const values = rows.pixelValues();
  rows.fill(images);
  plan.run();
  const [bits] = await gpu.readUint(values);
  plan.free();
  return bits!;
}

/** Device and host of the same pictures; the host's are bytes only. */
async function expectSameBits(family: (typeof families)[number], pictures: readonly Pixels[]): Promise<void> {
  const onDevice = await patchBits(family, pictures);
  expect(differences(onDevice, await patchBits(family, pictures.map(plain)))).toBe(0);
}

const sizes: [width: number, height: number][] = [
  [1, 1],
  [1, 90],
  [90, 1],
  [7, 5],
  [56, 56],
  [57, 55],
  [300, 200],
  [40, 333],
  [256, 64],
];

describe.each(families)("pictures of $name on the device", (family) => {
  const factor = family.sizes.patchSize * 2;
  const input = (of: Pixels, columns: number, rows: number) => resized(of, columns * factor, rows * factor);

  it("have the bits of the host, smaller and larger, whichever pass comes first", async () => {
    const pictures = sizes.flatMap(([width, height]) => {
      const whole = noise(width, height);
      return [input(whole, 2, 2), input(whole, 5, 1), input(whole, 1, 4), input(whole, 3, 3)];
    });
    await expectSameBits(family, pictures);
  });

  it("have the bits of the host where they are cut out, at edges and one pixel wide, and out of cuts", async () => {
    const whole = noise(203, 97);
    const boxes: Box[] = [
      [0, 0, 203, 97],
      [0, 0, 1, 1],
      [202, 96, 203, 97],
      [0, 0, 64, 97],
      [139, 33, 203, 97],
      [13, 0, 14, 97],
      [0, 50, 203, 51],
      ...Array.from({ length: 40 }, (): Box => {
        const [left, top] = [below(202), below(96)];
        return [left, top, left + 1 + below(203 - left), top + 1 + below(97 - top)];
      }),
    ];
    const cuts = boxes.map((box) => cropped(whole, box));
    const cutAgain = cropped(cropped(whole, [20, 10, 180, 90]), [30, 7, 130, 61]);
    const shown = input(cropped(whole, [3, 5, 190, 80]), 4, 3);
    await expectSameBits(family, [
      ...cuts.map((cut, i) => input(cut, 1 + (i % 3), 1 + (i % 2))),
      input(cutAgain, 2, 2),
      input(cropped(shown, [5, 2, 41, 37]), 2, 2),
    ]);
  });

  it("have the bits of the host for a photograph with transparency, at the size that its processor chooses", async () => {
    const file = await readBytes(new URL("../../golden/images/gray-alpha.1.png", import.meta.url));
    const photograph = await decodePixels(file, "white");
    const { widthPx, heightPx } = smartResize(photograph.height, photograph.width, {
      factor,
      minPixels: 4 * factor ** 2,
      maxPixels: 16 * factor ** 2,
    });
    await expectSameBits(family, [resized(photograph, widthPx, heightPx)]);
  });
});

describe("the pictures of a device", () => {
  const family = families[1]!;
  const settings = { objects: 8, glyphPx: 4, shapeMinPx: 48, shapeMaxPx: 64, legibleShare: 0.5 };
  const write = vi.spyOn(gpu.device.queue, "writeBuffer");
  /** Bytes that go from the host to the device meanwhile. */
  const uploaded = async (work: () => unknown): Promise<number> => {
    write.mockClear();
    await work();
    return write.mock.calls.reduce((sum, [, , data, , bytes]) => sum + (bytes ?? data.byteLength), 0);
  };

  it("are rendered there from a scene, and never on the host", async () => {
    const ids = [0, 1].map((index) => `needle/5/train/0/${index}`);
    const inputsOf = (scene: Pixels) => [resized(scene, 64, 64), resized(cropped(scene, [9, 40, 90, 121]), 64, 64)];
    const scenes = ids.map((id) => renderedPicture(id, settings, taskWords(id, settings)));
    for (const scene of scenes) Object.defineProperty(scene, "data", { get: () => expect.unreachable() });
    const bits = await patchBits(family, scenes.flatMap(inputsOf));
    const onHost = ids.flatMap((id) => scenePictures(id, settings).flatMap(inputsOf));
    expect(differences(bits, await patchBits(family, onHost.map(plain)))).toBe(0);
  });

  /** A scene of some side, and what a model sees of it: as a whole, of a crop, and of a crop out of that. */
  const small = (sidePx: number, index: number) => {
    const scene = randomScene(new Random(index, [31]), {
      objects: 3,
      sizeMinPx: 8,
      sizeMaxPx: 30,
      dotPx: 1,
      sidePx,
      ground: index % 2 ? "clouds" : "bricks",
      text: () => "OWL",
    });
    const onHost = renderWindow(scene, wholeScene(scene), sidePx);
    const words = sceneWords(scene);
    const onDevice = derived({ width: sidePx, height: sidePx }, { kind: "scene", words }, () => onHost);
    const shownOf = (picture: Pixels) => {
      const cut = cropped(picture, [7, 5, 57, 49]);
      return [picture, cut, cropped(cut, [9, 3, 30, 40])].map((one) => resized(one, 32, 32));
    };
    return { onHost, onDevice, shownOf };
  };

  it("are rendered by their size in one run, and what is cut out of cuts has the bits of the host", async () => {
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
    const scenes = [64, 128, 64, 128, 66].map(small);
    for (const { onDevice } of scenes.slice(0, 4))
      Object.defineProperty(onDevice, "data", { get: () => expect.unreachable() });
    const shown = scenes.map(({ onDevice, shownOf }) => shownOf(onDevice));
    GpuPictures.of(gpu).prepare(shown.flat());
    // A dispatch a size that makes whole words, and two resizes for each slab that a size has.
    expect(dispatch.mock.calls.map(([x, y, z]) => [x, y, z]).filter(([, , z]) => z === 2)).toEqual([
      [1, 64, 2],
      [1, 128, 2],
    ]);
    expect(dispatch).toHaveBeenCalledTimes(2 + 3 * 2);
    dispatch.mockRestore();
    const bits = await patchBits(family, shown.flat());
    const onHost = scenes.flatMap((one) => one.shownOf(one.onHost).map(plain));
    expect(differences(bits, await patchBits(family, onHost))).toBe(0);
  });

  it("are made in one go with what is cut out of them after they were resized", async () => {
    const { onHost, onDevice, shownOf } = small(64, 9);
    const inputsOf = (picture: Pixels) => {
      const [first] = shownOf(picture);
      const second = resized(cropped(first!, [3, 4, 20, 30]), 32, 32);
      return [resized(cropped(second, [1, 1, 17, 9]), 32, 32), first!, second];
    };
    const bits = await patchBits(family, inputsOf(onDevice));
    expect(differences(bits, await patchBits(family, inputsOf(onHost).map(plain)))).toBe(0);
  });

  it("are uploaded once, whatever is cut out of them and how often it is shown", async () => {
    const whole = noise(400, 300);
    const shown = resized(whole, 64, 64);
    const pictures = GpuPictures.of(gpu);
    const to = gpu.empty("levels", [(64 * 64 * 3) / 4], "u32");
    const show = (pixels: Pixels) => uploaded(() => pictures.write(to, [{ pixels, firstByte: 0 }]));
    expect(await show(shown)).toBeGreaterThanOrEqual(400 * 300 * 3);
    expect(await show(shown)).toBe(0);
    const cut = resized(cropped(whole, [100, 100, 164, 160]), 64, 64);
    expect(await show(cut)).toBeLessThan(10_000);
    expect(await show(cut)).toBe(0);
    gpu.release(to.buffer);
  });

  it("are resized in two dispatches, however many they are, and copied at once where they stand in a row", () => {
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
    const copy = vi.spyOn(GPUCommandEncoder.prototype, "copyBufferToBuffer");
    const whole = noise(200, 150);
    const shown = Array.from({ length: 40 }, (_, i) => resized(cropped(whole, [i, 0, 100 + i, 90]), 64, 64));
    const to = gpu.empty("levels", [(40 * 64 * 64 * 3) / 4], "u32");
    const wanted = shown.map((pixels, i) => ({ pixels, firstByte: i * 64 * 64 * 3 }));
    const pictures = GpuPictures.of(gpu);
    pictures.write(to, wanted);
    expect([dispatch.mock.calls.length, copy.mock.calls.length]).toEqual([2, 1]);
    pictures.write(to, wanted);
    expect([dispatch.mock.calls.length, copy.mock.calls.length]).toEqual([2, 2]);
    for (const spy of [dispatch, copy]) spy.mockRestore();
    gpu.release(to.buffer);
  });

  it("are given up where they are too many, and made again", async () => {
    const pictures = GpuPictures.of(gpu);
    const first = noise(64, 48);
    const shown = [resized(first, 64, 64), resized(cropped(first, [3, 4, 60, 40]), 64, 64)];
    const before = await patchBits(family, shown);
    const large = { width: 4096, height: 3000, data: new Uint8Array(4096 * 3000 * 3) };
    for (let i = 0; i < 5; i++) pictures.prepare([{ ...large }]);
    expect(pictures.bytes).toBeLessThan(200 * 2 ** 20);
    const bytes = await uploaded(async () => expect(differences(await patchBits(family, shown), before)).toBe(0));
    expect(bytes).toBeGreaterThan(64 * 48 * 3);
  });

  it("are resized on the host where the device cannot bind them", async () => {
    const small = await Gpu.open(navigator.gpu, { maxBindingBytes: 20_000 });
    const whole = noise(100, 90);
    const shown = resized(whole, 32, 32);
    const to = small.empty("levels", [(32 * 32 * 3) / 4], "u32");
    GpuPictures.of(small).write(to, [{ pixels: shown, firstByte: 0 }]);
    const [words] = await small.readUint(to);
    expect(new Uint8Array(words!.buffer)).toEqual(shown.data);
    expect(GpuPictures.of(small).bytes).toBe(0);
    small.close();
  });
});
