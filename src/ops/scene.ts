import source from "../../shaders/scene.wgsl" with { type: "text" };
import double from "../../shaders/shared/double.wgsl" with { type: "text" };
import type { Commands } from "../gpu/commands.ts";
import { Shader } from "../gpu/shader.ts";
import type { Tensor } from "../gpu/tensor.ts";

const shader = new Shader("scene", source, double);

/** Scenes of these sides can be rendered: their rows are whole words. */
export const isRenderable = (sidePx: number): boolean => sidePx % 4 === 0;

const pixelsPerGroup = 4 * 64;

/** Several scenes as one array: where each begins, then their words. */
export function joinScenes(scenes: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(scenes.reduce((n, { length }) => n + length, scenes.length));
  let at = scenes.length;
  for (const [i, scene] of scenes.entries()) {
    words[i] = at;
    words.set(scene, at);
    at += scene.length;
  }
  return words;
}

/**
 * Renders scenes of one size, one picture after another.
 *
 * @param scenes  u32, what `joinScenes` gave for `count` scenes
 * @param out     u32 words of bytes, (sidePx, sidePx, 3) each
 * @param size    number of scenes, and width and height of each, a multiple of 4
 */
export function renderScenes(
  commands: Commands,
  tensors: { scenes: Tensor; out: Tensor },
  { count, sidePx }: { count: number; sidePx: number },
): void {
  commands.dispatch({ shader, entry: "render", tensors, groups: [Math.ceil(sidePx / pixelsPerGroup), sidePx, count] });
}
