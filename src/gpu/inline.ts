import { ActivationBuffer } from "./activation.ts";
import { boundTensors, type Dispatch } from "./dispatch.ts";

interface Step {
  dispatch: Dispatch;
}

/**
 * Leaves out dispatches whose result their readers can compute themselves, where all of them can: a dispatch of its own takes
 * longer than a norm of a few rows. Bits stay the same.
 */
export function withInlined<T extends Step>(steps: readonly T[]): T[] {
  let result = [...steps];
  for (const step of steps) {
    const { inlined } = step.dispatch;
    if (inlined) result = inlineOne(result, step) ?? result;
  }
  return result;
}

/** Null where something else reads the result, or what it is computed from is overwritten before. */
function inlineOne<T extends Step>(steps: readonly T[], maker: T): T[] | null {
  const inlined = maker.dispatch.inlined!;
  const { buffer } = inlined.out;
  if (!(buffer instanceof ActivationBuffer) || buffer.kept) return null;
  const readers = new Map<T, Dispatch>();
  let isOverwritten = false;
  for (const step of steps.slice(steps.indexOf(maker) + 1)) {
    const bound = boundTensors(step.dispatch);
    if (bound.some(({ tensor }) => tensor.buffer === buffer)) {
      const instead = isOverwritten ? null : (step.dispatch.inline?.(inlined) ?? null);
      if (!instead || boundTensors(instead).some(({ tensor }) => tensor.buffer === buffer)) return null;
      readers.set(step, instead);
    }
    isOverwritten ||= bound.some(({ tensor, isWritten }) => isWritten && tensor.buffer === inlined.x.buffer);
  }
  return steps.flatMap((step) => {
    if (step === maker) return [];
    const instead = readers.get(step);
    return [instead ? { ...step, dispatch: instead } : step];
  });
}
