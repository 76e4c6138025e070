import source from "../../shaders/partials.wgsl" with { type: "text" };
import { ActivationBuffer } from "../gpu/activation.ts";
import { grid } from "../gpu/grid.ts";
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into, Tape } from "../gpu/tape.ts";
import { size, type Tensor } from "../gpu/tensor.ts";

const shader = new Shader("partials", source);

/** Up to this many splits are added by one thread. */
const mostFew = 8;

/** Rows in a split of the sums over columns, so that few columns still fill the device. */
const rowsPerSplit = 64;

/** Most bytes of partial sums that wait to be added up together. */
const mostWaitingBytes = 64 * 2 ** 20;

/** Offsets of bindings are multiples of this. */
const alignmentBytes = 256;

/** Splits of the sum of columns over N rows. */
export const columnSplits = (N: number): number => Math.max(1, Math.ceil(N / rowsPerSplit));

/** Where in a tensor of partial sums, and to where in a gradient. */
export interface PartialSums {
  splits?: number;
  /** Numbers of each split. */
  count?: number;
  /** First number in the tensor of partial sums, which may hold several gradients'. */
  first?: number;
  /** First number of the gradient. */
  to?: number;
}

/** Partial sums, and the gradient that they are added to. */
export interface SumsInto extends PartialSums {
  into: Into;
}

/** into (+)= the sum over splits, in a fixed order. @param partial  (splits, ...) unless `splits` and `count` say otherwise */
export function addPartials(plan: Plan, partial: Tensor, into: Into, sums: PartialSums = {}): void {
  const { splits, count, first, to } = placeOf(partial, sums);
  plan.dispatch({
    shader,
    entry: splits <= mostFew ? "add_few" : "add_many",
    tensors: { partial, d: into.d },
    params: { count, splits, first, to },
    groups: grid(count, 64),
    constants: into.constants,
  });
}

function placeOf(
  partial: Tensor,
  { splits = partial.shape[0] ?? 1, count = size(partial.shape) / splits, first = 0, to = 0 }: PartialSums,
): Required<PartialSums> {
  return { splits, count, first, to };
}

/** Partial sums of a tape's weights, which are added up in one dispatch. */
interface Waiting {
  buffer: ActivationBuffer;
  /** Their places in that buffer, and in the buffer of the gradient. */
  jobs: (Required<PartialSums> & { d: GPUBuffer })[];
  add: () => void;
}

const waiting = new WeakMap<Tape, Waiting>();

/**
 * Gradients through partial sums. Those of weights wait, and are added up together with others: a dispatch for each would take
 * longer than the sums themselves where weights are small.
 *
 * @param shape  of all partial sums together
 * @param sums   each gradient's part of them
 * @param write  records what writes the partial sums
 */
export function sumPartials(
  tape: Tape,
  name: string,
  shape: readonly number[],
  sums: readonly SumsInto[],
  write: (partial: Tensor) => void,
): void {
  const bytes = Math.ceil((size(shape) * 4) / alignmentBytes) * alignmentBytes;
  const most = Math.min(mostWaitingBytes, tape.gpu.maxBindingBytes);
  const waits = sums.every(({ into }) => tape.isOfWeight(into) && into.d.buffer.size <= tape.gpu.maxBindingBytes);
  if (!tape.plan.reuses || bytes > most || !waits) {
    tape.scratch(name, shape, (partial) => {
      write(partial);
      for (const { into, ...place } of sums) addPartials(tape.plan, partial, into, place);
    });
    return;
  }
  if ((waiting.get(tape)?.buffer.size ?? 0) + bytes > most) tape.addPostponed();
  // Two sums of one dispatch may not be added to the same numbers.
  for (const { into } of sums) tape.addPostponed(into.d);
  const own = waiting.get(tape) ?? begin(tape);
  const from = own.buffer.size;
  own.buffer.size += bytes;
  const partial: Tensor = { name, shape, dtype: "f32", buffer: own.buffer, offsetBytes: from };
  write(partial);
  for (const { into, ...place } of sums) {
    const { splits, count, first, to } = placeOf(partial, place);
    own.jobs.push({ splits, count, first: from / 4 + first, to: into.d.offsetBytes / 4 + to, d: into.d.buffer });
    tape.postpone(into.d, own.add);
  }
}

function begin(tape: Tape): Waiting {
  const own: Waiting = {
    buffer: new ActivationBuffer("partial sums", 0),
    jobs: [],
    add: () => {
      waiting.delete(tape);
      addAll(tape.plan, own);
    },
  };
  waiting.set(tape, own);
  return own;
}

/** A dispatch for each buffer of gradients: usually there is one. */
function addAll(plan: Plan, { buffer, jobs }: Waiting): void {
  const whole = (name: string, of: GPUBuffer): Tensor => ({
    name,
    shape: [of.size / 4],
    dtype: "f32",
    buffer: of,
    offsetBytes: 0,
  });
  for (const d of new Set(jobs.map((job) => job.d))) {
    const own = jobs.filter((job) => job.d === d);
    const words: number[] = [];
    let groups = 0;
    for (const { count, splits, first, to } of own) {
      words.push(groups, count, splits, first, to);
      groups += Math.ceil(count / 64);
    }
    plan.dispatch({
      shader,
      entry: "add_all",
      tensors: {
        partial: whole("partial sums", buffer),
        d: whole("gradients", d),
        jobs: plan.upload("partials.jobs", Uint32Array.from(words), [own.length, 5]),
      },
      params: { count: own.length, splits: 0, first: 0, to: 0 },
      groups: grid(groups, 1),
    });
  }
}
