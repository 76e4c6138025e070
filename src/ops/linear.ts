import source from "../../shaders/linear.wgsl" with { type: "text" };
import type { Plan } from "../gpu/plan.ts";
import { Shader } from "../gpu/shader.ts";
import type { Into, Tape } from "../gpu/tape.ts";
import { expectShape, type Tensor } from "../gpu/tensor.ts";
import { passGradient } from "./add.ts";
import { type Adapter, addTerm, backpropLow, backpropUp, type LowRankTerm, lowSplits } from "./low_rank.ts";
import { takesMatrixUnits } from "./matrix_admission.ts";
import { addPartials, columnSplits } from "./partials.ts";
import { backpropXVec4, inTiles, multiplyInParts, takesProduct, takesTerm, weightPartialsInTiles } from "./product.ts";
import { backpropXOnMatrixUnits, multiplyOnMatrixUnits } from "./product_matrix.ts";
import { expectF32, fromColumn, rowRanges } from "./weight_kernels.ts";

const shader = new Shader("linear", source);

/** Stretches that the sum over N rows is cut into, so that a small weight gradient still fills the device. */
const rowsPerSplit = 256;
/** Workgroups beyond which more of them do not make a product faster. */
const busyTiles = 4096;

export interface LinearOptions {
  bias?: Tensor | null;
  /** Added to the result, (N, O): the residual stream. */
  residual?: Tensor;
  /** Which rows of the weight (and bias) make up the layer, [from, to). */
  rows?: readonly [number, number];
  /** Each adds to columns of its own. */
  adapters?: readonly Adapter[];
}

/**
 * out = x weightT + bias + residual, and then what adapters add.
 *
 * @param x       (N, I)
 * @param weight  (O, I), or more rows of which `rows` names O
 * @returns       (N, O)
 */
export function linear(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  { bias, residual, rows, adapters = [] }: LinearOptions = {},
): Tensor {
  const I = weight.shape[1]!;
  expectShape(x, -1, I);
  const [first, end] = rows ?? [0, weight.shape[0]!];
  if (end > weight.shape[0]!)
    throw new RangeError(`${weight.name} has ${weight.shape[0]} rows, rows up to ${end} were asked for`);
  const O = end - first;
  const N = x.shape[0]!;
  if (bias) expectShape(bias, weight.shape[0]!);
  if (residual) expectShape(residual, N, O);
  const out = tape.empty(`linear(${weight.name})`, [N, O]);
  const terms = termsOf(tape, x, adapters);
  multiply(tape.plan, x, weight, out, { bias, residual, first, terms });

  const matrices = adapters.flatMap(({ down, up }) => [down, up]);
  tape.record(out, [x, weight, bias, residual, ...matrices], () => {
    const dout = tape.gradient(out);
    const intoWeight = tape.into(weight);
    // Assigning would leave the other rows of the gradient as they were in the buffer.
    if (rows && intoWeight?.constants.ADD === 0)
      throw new TypeError(`${weight.name} is no weight, so its rows ${first} to ${end} cannot be trained alone`);
    if (intoWeight)
      tape.scratch("linear.partial", [weightSplits(N, O, I), O, I], (partial) =>
        backpropWeight(tape.plan, x, dout, partial, intoWeight, first),
      );
    const intoBias = bias ? tape.into(bias) : null;
    if (intoBias) {
      const splits = columnSplits(N);
      const params = { N, I: 1, O, first, splits, stride: O };
      tape.scratch("linear.partial", [splits, O], (partial) => {
        tape.plan.dispatch({
          shader,
          entry: "sum_rows",
          tensors: { dout, partial },
          params,
          groups: [Math.ceil(O / 64), splits],
        });
        addPartials(tape.plan, partial, intoBias, { to: first });
      });
    }
    // Weights first: x may then make room for its gradient, which is as large.
    const restOfTerms = terms.map((term) => backpropTerm(tape, x, dout, term));
    const intoX = tape.into(x);
    if (intoX) backpropX(tape.plan, dout, weight, intoX, first);
    for (const rest of restOfTerms) rest();
    if (residual) passGradient(tape, out, residual);
  });
  return out;
}

/** Adapters with x downT. */
export function termsOf(tape: Tape, x: Tensor, adapters: readonly Adapter[]): LowRankTerm[] {
  return adapters.map((adapter) => {
    const low = tape.empty(`linear(${adapter.down.name})`, [x.shape[0]!, adapter.down.shape[0]!]);
    multiply(tape.plan, x, adapter.down, low);
    return { ...adapter, low };
  });
}

/** The way back of what an adapter added, but for the gradient of x. @returns what adds that */
function backpropTerm(tape: Tape, x: Tensor, dout: Tensor, term: LowRankTerm): () => void {
  const { plan } = tape;
  const { down, up, low } = term;
  const [N, width] = low.shape as [number, number];
  const [columns, R] = up.shape as [number, number];
  const intoUp = tape.into(up);
  if (intoUp)
    tape.scratch("linear.partial", [weightSplits(N, columns, R), columns, R], (partial) => {
      backpropUp(plan, dout, term, partial);
      addPartials(plan, partial, intoUp);
    });
  const intoDown = tape.into(down);
  if (!intoDown && !tape.tracks(x)) return () => {};
  const dlow = tape.empty("linear.dlow", low.shape);
  const splits = lowSplits(N, term);
  if (splits === 1) backpropLow(plan, dout, term, { ...dlow, shape: [1, N, width] });
  else
    tape.scratch("linear.partial", [splits, N, width], (partial) => {
      backpropLow(plan, dout, term, partial);
      addPartials(plan, partial, { d: dlow, constants: { ADD: 0 } });
    });
  if (intoDown) {
    const I = x.shape[1]!;
    tape.scratch("linear.partial", [weightSplits(N, width, I), width, I], (partial) =>
      backpropWeight(plan, x, dlow, partial, intoDown),
    );
  }
  return () => {
    const intoX = tape.into(x);
    if (intoX) backpropX(plan, dlow, down, intoX);
  };
}

interface Extras {
  bias?: Tensor | null;
  residual?: Tensor;
  first?: number;
  terms?: readonly LowRankTerm[];
}

/** out (N, O) = x (N, I) times the O rows of the weight from `first` on, transposed; then what adapters add. */
export function multiply(
  plan: Plan,
  x: Tensor,
  weight: Tensor,
  out: Tensor,
  { bias, residual, first = 0, terms = [] }: Extras = {},
): void {
  const O = out.shape[1]!;
  const I = weight.shape[1]!;
  if (takesMatrixUnits(plan.gpu, weight, out.shape[0]!, I, O, first)) {
    multiplyOnMatrixUnits(plan, x, weight, out, { bias, residual, first });
    for (const term of terms) addTerm(plan, out, term);
    return;
  }
  // Decided by the weight alone: a row has the same bits however many rows there are.
  const inParts = takesProduct(plan, I, O, first);
  const term = inParts ? terms.find((one) => takesTerm(plan, weight, one)) : undefined;
  if (inParts) multiplyInParts(plan, x, weight, out, { bias, residual, first, term });
  else multiplyInTurn(plan, x, weight, out, { bias, residual, first });
  for (const other of terms) if (other !== term) addTerm(plan, out, other);
}

/** The same without terms, of any sizes. */
function multiplyInTurn(
  plan: Plan,
  x: Tensor,
  weight: Tensor,
  out: Tensor,
  { bias, residual, first = 0 }: Omit<Extras, "terms">,
): void {
  const [N, O] = out.shape as [number, number];
  const I = weight.shape[1]!;
  expectF32(weight);
  for (const range of rowRanges(plan.gpu, weight, first, O, bias))
    plan.dispatch({
      shader,
      entry: readsVec4(plan, I) ? "multiply_vec4" : "multiply",
      tensors: {
        x,
        weight: range.weight,
        x4: x,
        weight4: range.weight,
        bias: range.bias ?? range.weight,
        residual: residual ? fromColumn(residual, range.column) : x,
        out: fromColumn(out, range.column),
      },
      params: { N, I, O: range.count, first: range.first, splits: 1, stride: O },
      groups: [Math.ceil(range.count / 32), Math.ceil(N / 32)],
      constants: { BIAS: bias ? 1 : 0, RESIDUAL: residual ? 1 : 0 },
    });
}

const readsVec4 = (plan: Plan, ...sizes: number[]): boolean => !plan.gpu.plain && sizes.every((n) => n % 4 === 0);

/** dx (N, I) = dout (N, O) times the O rows of the weight from `first` on. */
export function backpropX(plan: Plan, dout: Tensor, weight: Tensor, into: Into, first = 0): void {
  const [N, O] = dout.shape as [number, number];
  const I = weight.shape[1]!;
  if (takesMatrixUnits(plan.gpu, weight, N, I, O, first)) {
    backpropXOnMatrixUnits(plan, dout, weight, into, { first });
    return;
  }
  if (takesProduct(plan, I, O)) {
    backpropXVec4(plan, dout, weight, into, first);
    return;
  }
  expectF32(weight);
  for (const range of rowRanges(plan.gpu, weight, first, O))
    plan.dispatch({
      shader,
      entry: "backprop_x",
      tensors: { dout: fromColumn(dout, range.column), weight: range.weight, dx: into.d },
      params: { N, I, O: range.count, first: range.first, splits: 1, stride: O },
      groups: [Math.ceil(I / 32), Math.ceil(N / 32)],
      constants: range.column > 0 ? { ADD: 1 } : into.constants,
    });
}

/**
 * Stretches of rows that the gradient of an (O, I) weight over N rows is summed in: the first extent of its partial
 * sums. A large weight keeps the device busy by itself, and its sums would need much room.
 */
export function weightSplits(N: number, O: number, I: number): number {
  const tiles = Math.ceil(O / 32) * Math.ceil(I / 32);
  return Math.max(1, Math.min(Math.ceil(N / rowsPerSplit), Math.ceil(busyTiles / tiles)));
}

/** dweight = doutT (O, N) times x (N, I), through `partial` (weightSplits(N, O, I), O, I). */
export function backpropWeight(plan: Plan, x: Tensor, dout: Tensor, partial: Tensor, into: Into, first = 0): void {
  const [N, O] = dout.shape as [number, number];
  const [splits, , I] = partial.shape as [number, number, number];
  const params = { N, I, O, first, splits, stride: O };
  if (inTiles(plan.gpu) && takesProduct(plan, I, O)) weightPartialsInTiles(plan, x, dout, partial);
  else
    plan.dispatch({
      shader,
      entry: readsVec4(plan, I, O) ? "backprop_weight_vec4" : "backprop_weight",
      tensors: { x, dout, partial, x4: x, dout4: dout, partial4: partial },
      params,
      groups: [Math.ceil(I / 32), Math.ceil(O / 32), splits],
    });
  addPartials(plan, partial, into, { to: first * I });
}
