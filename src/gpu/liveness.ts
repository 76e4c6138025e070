import { ActivationBuffer } from "./activation.ts";
import { boundTensors, type Dispatch } from "./dispatch.ts";
import type { Lifetime } from "./placement.ts";

interface Step {
  dispatch: Pick<Dispatch, "shader" | "entry" | "tensors">;
}

/** Leaves out dispatches that write only activations which are not read afterwards, such as the last one of a recomputed layer. */
export function withoutDead<T extends Step>(steps: readonly T[]): T[] {
  const needed = new Set<GPUBuffer>();
  const isNeeded = (buffer: GPUBuffer) => !(buffer instanceof ActivationBuffer) || buffer.kept || needed.has(buffer);
  const live: T[] = [];
  for (const step of [...steps].reverse()) {
    const bound = boundTensors(step.dispatch);
    if (!bound.some(({ tensor, isWritten }) => isWritten && isNeeded(tensor.buffer))) continue;
    for (const { tensor } of bound) needed.add(tensor.buffer);
    live.push(step);
  }
  return live.reverse();
}

/** For each shared activation, the first and the last dispatch that binds it. Kept activations are left out. */
export function lifetimesOf(steps: readonly Step[]): Map<ActivationBuffer, Lifetime> {
  const lives = new Map<ActivationBuffer, Lifetime>();
  for (const [at, { dispatch }] of steps.entries())
    for (const { tensor } of boundTensors(dispatch)) {
      const { buffer } = tensor;
      if (!(buffer instanceof ActivationBuffer) || buffer.kept) continue;
      const life = lives.get(buffer);
      if (life) life.last = at;
      else lives.set(buffer, { bytes: buffer.size, first: at, last: at });
    }
  return lives;
}
