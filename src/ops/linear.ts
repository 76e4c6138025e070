import type { Into, Tape } from "../gpu/tape.ts";
import { expectShape, extents2, type Tensor } from "../gpu/tensor.ts";
import { passGradient } from "./add.ts";
import { backpropBias, backpropWeight, backpropX, multiply, weightSplits } from "./dense_product.ts";
import { type Adapter, backpropLow, backpropUp, type LowRankTerm, lowSplits } from "./low_rank.ts";
import { addPartials, columnSplits, sumPartials } from "./partials.ts";
import { backpropTogether, takesTogether } from "./product.ts";

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
 * out = x weightT + bias + residual + what adapters add, in this order.
 *
 * @param x       (N, I)
 * @param weight  (O, I), or more rows, O of which `rows` selects
 * @returns       (N, O)
 * @throws RangeError where shapes do not fit
 */
export function linear(
  tape: Tape,
  x: Tensor,
  weight: Tensor,
  { bias, residual, rows, adapters = [] }: LinearOptions = {},
): Tensor {
  const { plan } = tape;
  const [allRows, I] = extents2(weight);
  expectShape(x, -1, I);
  const [first, end] = rows ?? [0, allRows];
  if (end > allRows) throw new RangeError(`${weight.name} has ${allRows} rows, rows up to ${end} were asked for`);
  const O = end - first;
  const [N] = extents2(x);
  if (bias) expectShape(bias, allRows);
  if (residual) expectShape(residual, N, O);
  const out = tape.empty(`linear(${weight.name})`, [N, O]);
  const terms = termsOf(tape, x, adapters);
  multiply(plan, { x, weight, out, bias, residual, first }, terms);

  const matrices = adapters.flatMap(({ down, up }) => [down, up]);
  tape.record(out, [x, weight, bias, residual, ...matrices], () => {
    const dout = tape.gradient(out);
    const intoWeight = tape.into(weight);
    // Assigning would leave the other rows of the gradient unwritten.
    if (rows && intoWeight?.constants.ADD === 0)
      throw new TypeError(`${weight.name} is not a weight, so its rows ${first} to ${end} cannot be trained alone`);
    const intoBias = bias ? tape.into(bias) : null;
    const sums = { into: intoWeight, intoBias, first };
    if (terms.length === 0 && intoWeight && tape.tracks(x) && takesTogether(plan, N, weight, O, first)) {
      backpropAll(tape, { x, dout, weight }, { ...sums, into: intoWeight, intoX: tape.into(x)! });
    } else {
      backpropWeights(tape, { x, dout }, sums);
      // Gradients of weights first: afterwards the buffer of x is free for its gradient, which has the same size.
      const addToDx = terms.map((term) => backpropTerm(tape, x, dout, term));
      const into = tape.into(x);
      if (into) backpropX(plan, { dout, weight, into, first });
      for (const add of addToDx) add();
    }
    if (residual) passGradient(tape, out, residual);
  });
  return out;
}

/** Where gradients of a weight and of a bias go; the layer's own rows begin at `first`. */
interface IntoWeights {
  into: Into | null;
  intoBias?: Into | null;
  first?: number;
}

function backpropWeights(
  tape: Tape,
  { x, dout }: Record<"x" | "dout", Tensor>,
  { into, intoBias, first = 0 }: IntoWeights,
): void {
  const { plan } = tape;
  const [N, O] = extents2(dout);
  const [, I] = extents2(x);
  if (into)
    sumPartials(tape, "linear.partial", [weightSplits(N, O, I), O, I], [{ into, to: first * I }], (partial) =>
      backpropWeight(plan, { x, dout, partial }),
    );
  if (intoBias)
    sumPartials(tape, "linear.partial", [columnSplits(N), O], [{ into: intoBias, to: first }], (partial) =>
      backpropBias(plan, { dout, partial }),
    );
}

/** All gradients of a small layer in one dispatch. */
export function backpropAll(
  tape: Tape,
  { x, dout, weight }: Record<"x" | "dout" | "weight", Tensor>,
  { intoX, into, intoBias, first = 0 }: IntoWeights & Record<"intoX" | "into", Into>,
): void {
  const [N, O] = extents2(dout);
  const [, I] = extents2(x);
  const ofWeight = { splits: weightSplits(N, O, I), count: O * I };
  const ofBias = { splits: intoBias ? columnSplits(N) : 0, count: O };
  const before = ofWeight.splits * ofWeight.count;
  const sums = [
    { ...ofWeight, into, to: first * I },
    ...(intoBias ? [{ ...ofBias, into: intoBias, first: before, to: first }] : []),
  ];
  sumPartials(tape, "linear.partial", [before + ofBias.splits * O], sums, (partial) =>
    backpropTogether(tape.plan, { x, dout, weight, into: intoX, first, partial, hasBias: Boolean(intoBias) }),
  );
}

/** Computes x downT for each adapter. */
export function termsOf(tape: Tape, x: Tensor, adapters: readonly Adapter[]): LowRankTerm[] {
  return adapters.map((adapter) => {
    const { down } = adapter;
    const low = tape.empty(`linear(${down.name})`, [extents2(x)[0], extents2(down)[0]]);
    multiply(tape.plan, { x, weight: down, out: low });
    return { ...adapter, low };
  });
}

/** The backward pass of an adapter except for its part in the gradient of x. @returns a function that records that part */
function backpropTerm(tape: Tape, x: Tensor, dout: Tensor, term: LowRankTerm): () => void {
  const { plan } = tape;
  const { down, up, low } = term;
  const [N, width] = extents2(low);
  const [columns, R] = extents2(up);
  const intoUp = tape.into(up);
  if (intoUp)
    sumPartials(tape, "linear.partial", [weightSplits(N, columns, R), columns, R], [{ into: intoUp }], (partial) =>
      backpropUp(plan, dout, term, partial),
    );
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
    const [, I] = extents2(x);
    sumPartials(tape, "linear.partial", [weightSplits(N, width, I), width, I], [{ into: intoDown }], (partial) =>
      backpropWeight(plan, { x, dout: dlow, partial }),
    );
  }
  return () => {
    const into = tape.into(x);
    if (into) backpropX(plan, { dout: dlow, weight: down, into });
  };
}
