import { expect, test } from "vitest";
import { countingGpu } from "../../../src/gpu/counting_device.ts";
import { cropped, derived, resized } from "../../../src/image/derived.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import { GpuPictures } from "../../../src/model/pictures/gpu_pictures.ts";
import { bytesOfPicture, mostKeptBytes, mostSlabBytes } from "../../../src/model/pictures/slabs.ts";

const mib = 2 ** 20;
/** A scene of 2,048 px takes 12 MiB, its words .2. */
const words = new Uint32Array(54_000);
const unread = (): Pixels => expect.unreachable("No scene is rendered on the host");
const scene = (sidePx: number): Pixels => derived({ width: sidePx, height: sidePx }, { kind: "scene", words }, unread);
const shown = (picture: Pixels): Pixels => resized(picture, 64, 64);

/** The kernels that a device is given, by their names, and the pictures on it. */
function counted() {
  const gpu = countingGpu();
  const { device } = gpu;
  const dispatches = new Map<string, number>();
  const bindGroup = device.createBindGroup.bind(device);
  Object.assign(device, {
    createBindGroup(of: GPUBindGroupDescriptor) {
      const name = of.label!.split(".")[0]!;
      dispatches.set(name, (dispatches.get(name) ?? 0) + 1);
      return bindGroup(of);
    },
  });
  return { gpu, dispatches, pictures: GpuPictures.of(gpu) };
}

test("scenes of 2,048 px are rendered and resized a slab at a time, and given up beyond the bound", () => {
  const { gpu, dispatches, pictures } = counted();
  const scenes = Array.from({ length: 48 }, () => scene(2048));
  pictures.prepare(scenes.map(shown));
  // Five to a slab.
  expect(dispatches).toEqual(
    new Map([
      ["scene", 10],
      ["resize", 2 * 10],
    ]),
  );
  expect(pictures.bytes).toBeLessThanOrEqual(mostKeptBytes);
  // What is kept, a slab that is made, an eighth more each, and what passes between.
  expect(gpu.pool.peak.bytes).toBeLessThan((mostKeptBytes + mostSlabBytes) * 1.125 + 16 * mib);
  expect(scenes.length * bytesOfPicture(scenes[0]!)).toBeGreaterThan(4 * mostKeptBytes);
});

test("a scene that was given up is rendered once more for all that is cut out of it, however that is mixed", () => {
  const { gpu, dispatches, pictures } = counted();
  const scenes = Array.from({ length: 16 }, () => scene(2048));
  pictures.prepare(scenes.map(shown));
  dispatches.clear();
  // Eight rollouts of each zoom in, and into what they see then, in an order in which no two of one scene are neighbours.
  const cuts = Array.from({ length: 8 }, (_, i) => scenes.map((one) => cropped(one, [i, 100, i + 400, 500]))).flat();
  const wanted = cuts.flatMap((cut) => [shown(cut), shown(cropped(cut, [30, 40, 94, 104]))]);
  const bytes = bytesOfPicture(wanted[0]!);
  const to = gpu.empty("levels", [(wanted.length * bytes) / 4], "u32");
  const write = () =>
    pictures.write(
      to,
      wanted.map((pixels, i) => ({ pixels, firstByte: i * bytes })),
    );
  write();
  // Five to a slab; the last of them is here.
  expect(dispatches.get("scene")).toBe(4);
  expect(pictures.bytes).toBeLessThanOrEqual(mostKeptBytes);
  dispatches.clear();
  write();
  expect(dispatches).toEqual(new Map());
});

test("scenes of 512 px take one dispatch for all of a step, and two for what is shown of them", () => {
  const { dispatches, pictures } = counted();
  const scenes = Array.from({ length: 64 }, () => scene(512));
  pictures.prepare(scenes.map(shown));
  expect(dispatches).toEqual(
    new Map([
      ["scene", 1],
      ["resize", 2],
    ]),
  );
});
