import { ActivationBuffer } from "./activation.ts";
import type { Lifetime } from "./placement.ts";
import type { Shader } from "./shader.ts";
import type { Tensor } from "./tensor.ts";

interface Use {
  shader: Shader;
  entry: string;
  tensors: Readonly<Record<string, Tensor>>;
}

/** The buffers that a dispatch binds, and whether it may write them. */
function* uses({ shader, entry, tensors }: Use): Generator<[buffer: GPUBuffer, written: boolean]> {
  for (const name of shader.uses(entry))
    if (name !== "params") yield [tensors[name]!.buffer, shader.bindings.get(name)!.kind === "read_write"];
}

/** Without dispatches that write only activations which nobody reads afterwards, such as the last one of a layer made again. */
export function withoutDead<T extends { dispatch: Use }>(steps: readonly T[]): T[] {
  const needed = new Set<GPUBuffer>();
  const isNeeded = (buffer: GPUBuffer) => !(buffer instanceof ActivationBuffer) || buffer.kept || needed.has(buffer);
  const live: T[] = [];
  for (const step of [...steps].reverse()) {
    const bound = [...uses(step.dispatch)];
    if (!bound.some(([buffer, written]) => written && isNeeded(buffer))) continue;
    for (const [buffer] of bound) needed.add(buffer);
    live.push(step);
  }
  return live.reverse();
}

/** From the first dispatch that binds an activation to the last one. Those that are kept are left out. */
export function lifetimesOf(steps: readonly { dispatch: Use }[]): Map<ActivationBuffer, Lifetime> {
  const lives = new Map<ActivationBuffer, Lifetime>();
  steps.forEach(({ dispatch }, at) => {
    for (const [buffer] of uses(dispatch)) {
      if (!(buffer instanceof ActivationBuffer) || buffer.kept) continue;
      const life = lives.get(buffer);
      if (life) life.last = at;
      else lives.set(buffer, { bytes: buffer.size, first: at, last: at });
    }
  });
  return lives;
}
