import { describe, expect, it } from "vitest";
import source from "../../shaders/scene.wgsl" with { type: "text" };
import double from "../../shaders/shared/double.wgsl" with { type: "text" };
import { Commands } from "../../src/gpu/commands.ts";
import { Shader } from "../../src/gpu/shader.ts";
import { joinScenes, renderScenes } from "../../src/ops/scene.ts";
import { Random } from "../../src/tasks/random.ts";
import { placed, renderWindow, wholeScene } from "../../src/tasks/scenes/render.ts";
import { isDisc, type Levels, randomScene, type Scene } from "../../src/tasks/scenes/scene.ts";
import { sceneWords } from "../../src/tasks/scenes/scene_words.ts";
import { problemOf, scenePictures, taskWords } from "../../src/tasks/sources/scenes.ts";
import { type SceneSettings, usualScenes } from "../../src/tasks/worlds/world.ts";
import { gpu } from "../support/device.ts";

/** Pictures of scenes of one size, rendered on the device. @param by  the kernel, or what a test made of it */
async function rendered(scenes: readonly Uint32Array[], sidePx: number, by: typeof renderScenes = renderScenes) {
  const words = joinScenes(scenes);
  const tensor = gpu.upload("scenes", words, [words.length]);
  const sizeBytes = sidePx ** 2 * 3;
  const out = gpu.empty("pictures", [(scenes.length * sizeBytes) / 4], "u32");
  const commands = new Commands(gpu, "scenes");
  by(commands, { scenes: tensor, out }, { count: scenes.length, sidePx });
  commands.submit();
  const [found] = await gpu.readUint(out);
  for (const { buffer } of [tensor, out]) gpu.release(buffer);
  return scenes.map((_, i) => new Uint8Array(found!.buffer, i * sizeBytes, sizeBytes));
}

/** How many bytes differ; comparing them one by one as the test runner does takes seconds. */
const differing = (a: Uint8Array, b: Uint8Array): number =>
  a.length === b.length ? a.reduce((n, byte, i) => n + (byte === b[i] ? 0 : 1), 0) : Number.POSITIVE_INFINITY;

async function expectBytesOfHost(scenes: readonly Scene[]): Promise<void> {
  const { sidePx } = scenes[0]!;
  const found = await rendered(scenes.map(sceneWords), sidePx);
  const host = scenes.map((scene) => renderWindow(scene, wholeScene(scene), sidePx).data);
  expect(found.map((bytes, i) => differing(bytes, host[i]!))).toEqual(scenes.map(() => 0));
}

const wide = { overlap: 0.3, legibleShare: 0.4 };
const usual = { objects: 4, glyphPx: 3, shapeMinPx: 48, shapeMaxPx: 64, ...wide };
/** A task of each world, and each ground with one of them. */
const tasks: [id: string, settings: Partial<SceneSettings>][] = [
  ["needle/3/train/7/0", { ...usual, objects: 8, glyphPx: 4 }],
  ["needle/3/train/7/1", { objects: 3, glyphPx: 8.3, shapeMinPx: 20, shapeMaxPx: 310, legibleShare: 0.5 }],
  ["relate/3/train/7/0", { ...usual, ground: "clouds" }],
  ["count/3/train/7/0", { ...usual, ground: "bricks", overlap: 0.9 }],
  ["read/3/train/7/0", { ...usual, ground: "rubble", glyphPx: 2.3 }],
  ["order/3/train/7/0", { ...usual, ground: "stripes" }],
];
const hunt = { objects: 8, glyphPx: 10, shapeMinPx: 280, shapeMaxPx: 340 };
const grounds = ["plain", "clouds", "bricks", "rubble", "stripes"] as const;

describe("scenes rendered on the device", () => {
  it("are those of the host, byte for byte: of every world of 512 px", async () => {
    const found = await rendered(
      tasks.map((one) => taskWords(...one)),
      512,
    );
    const differences = found.map((bytes, i) => differing(bytes, scenePictures(...tasks[i]!)[0]!.data));
    expect(differences).toEqual(tasks.map(() => 0));
  });

  it("are those of the host, byte for byte: a hunt of 2,048 px, with light digits on discs", async () => {
    const id = "hunt/3/train/7/1";
    const { scene } = problemOf(id, hunt);
    expect(scene.objects.some(isDisc)).toBe(true);
    const [found] = await rendered([taskWords(id, hunt)], 2048);
    expect(differing(found!, scenePictures(id, hunt)[0]!.data)).toBe(0);
  });

  it.each(grounds)(
    "are those of the host, byte for byte: small ones on %s, whose sides fill no workgroup",
    async (ground) => {
      const scenes = [0, 1, 2].map((i) =>
        randomScene(new Random(i, [5]), {
          objects: 8,
          sizeMinPx: 3,
          sizeMaxPx: 90,
          dotPx: 0.3 + i * 1.7,
          sidePx: 132,
          ground,
          gapPx: -30,
          text: () => ["", "I", "WXYZ0"][i]!,
        }),
      );
      for (const [i, object] of scenes.flatMap(({ objects }) => objects).entries()) if (i % 3 === 0) object.ink = 240;
      await expectBytesOfHost(scenes);
    },
  );

  it("are those of the host where all levels lie in the middle between two bytes", async () => {
    const scene = randomScene(new Random(4, [5]), {
      objects: 8,
      sizeMinPx: 10,
      sizeMaxPx: 40,
      dotPx: 1.5,
      sidePx: 64,
      ground: "rubble",
      gapPx: -10,
    });
    const middle = (level: number) => Math.floor(level) + 0.5;
    const middles = ([red, green, blue]: Levels): Levels => [middle(red), middle(green), middle(blue)];
    const base = middles(scene.base);
    await expectBytesOfHost([
      {
        ...scene,
        base,
        waves: scene.waves.map((wave) => ({ ...wave, amplitude: 1e-5 })),
        bars: scene.bars.slice(0, 12).map((bar, i) => ({ ...bar, levels: i % 2 ? base : middles(bar.levels) })),
        objects: scene.objects.map((one) => ({ ...one, levels: middles(one.levels), ink: middle(one.ink) })),
      },
      { ...scene, base, waves: [], bars: [], objects: [] },
    ]);
  });

  it("are computed in doubles at few pixels", async () => {
    const line = "p[i] = exact_bytes(scene, x + i, y);";
    expect(source).toContain(line);
    const counting = new Shader("scene_count", source.replace(line, "p[i] = 0xff01feu;"), double);
    const found = await rendered(
      tasks.map((one) => taskWords(...one)),
      512,
      (commands, tensors, { count, sidePx }) =>
        commands.dispatch({ shader: counting, entry: "render", tensors, groups: [sidePx / 256, sidePx, count] }),
    );
    const shares = found.map((bytes) => {
      let pixels = 0;
      for (let at = 0; at < bytes.length; at += 3)
        if (bytes[at] === 0xfe && bytes[at + 1] === 0x01 && bytes[at + 2] === 0xff) pixels++;
      return pixels / 512 ** 2;
    });
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(Math.max(...shares)).toBeLessThan(0.0015);
  });

  it("take as many words as before there were other scenes than a needle's: six a scene more", () => {
    const words = taskWords("needle/3/train/7/0", { ...usualScenes, legibleShare: 0 });
    const { scene } = problemOf("needle/3/train/7/0", { ...usualScenes, legibleShare: 0 });
    const ink = scene.objects.map((object) => placed(object, wholeScene(scene), 512).ink);
    const tables = ink.reduce((n, { rows, columns }) => n + rows.length + columns.length, 0);
    expect(words.length).toBe(10 + 6 + 4 * 512 * 6 + 10 * 22 + 4 * 28 + tables);
  });
});
