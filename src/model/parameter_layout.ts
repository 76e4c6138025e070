import { sizeText } from "../gpu/size_text.ts";
import { bytesOf, type Dtype, shapeText, size } from "../gpu/tensor.ts";
import type { ParameterShape } from "./parameters.ts";
import type { WeightForm } from "./weight_form.ts";

/** Sizes of one range of weights of a dtype. */
export interface SegmentSizes {
  dtype: WeightForm["dtype"];
  /** In numbers. */
  length: number;
  scales: number;
  /** Matrices stand before this index, vectors after it. */
  matrixEnd: number;
}

/** Where a weight is: its first number in its segment, and the first of its scales. */
export interface PlaceInSegment {
  segment: number;
  start: number;
  scalesStart: number;
}

export interface ParameterLayout {
  segments: SegmentSizes[];
  places: Map<ParameterShape, PlaceInSegment>;
  /** Packs that are not split. */
  packs: (readonly ParameterShape[])[];
}

/** Weights that stay together: a pack, or one weight. */
type Unit = [ParameterShape, ...ParameterShape[]];

/** Where tensors and packs may start, so that each can be bound by itself. */
const bindingBytes = 256;

function aligned(count: number, dtype: Dtype, alignmentBytes = bindingBytes): number {
  const each = (alignmentBytes * 64) / bytesOf({ shape: [64], dtype });
  return Math.ceil(count / each) * each;
}

/** Packs, and weights outside of packs, matrices first; a pack has the place of its first weight. */
function unitsOf(shapes: readonly ParameterShape[]): Unit[] {
  const units = new Map<string, Unit>();
  for (const shape of shapes) {
    const key = shape.pack === undefined ? `weight ${shape.name}` : `pack ${shape.pack}`;
    const unit = units.get(key);
    if (unit) unit.push(shape);
    else units.set(key, [shape]);
  }
  return [...units.values()].sort(([a], [b]) => Number(a.shape.length < 2) - Number(b.shape.length < 2));
}

/**
 * Puts weights one after another into segments: those of one dtype in as few as a binding allows, unless a weight is
 * larger than a binding by itself. A pack that is larger, or whose weights have several forms, is split into its weights,
 * and so are others of the same layers.
 *
 * @param mayExceed  whether a weight may be larger than a binding
 * @param copied     of which there is to be a copy in half the bits, each of which can be bound as well
 * @throws Error naming one that may not
 */
export function layOut(
  shapes: readonly ParameterShape[],
  formOf: (shape: ParameterShape) => WeightForm,
  limitBytes: number,
  { mayExceed = false, copied = new Set<ParameterShape>() as ReadonlySet<ParameterShape> } = {},
): ParameterLayout {
  const layout: ParameterLayout = { segments: [], places: new Map(), packs: [] };
  const countOf = (unit: Unit) =>
    aligned(
      unit.reduce((n, { shape }) => n + size(shape), 0),
      formOf(unit[0]).dtype,
      copied.size > 0 ? 2 * bindingBytes : bindingBytes,
    );
  const isOne = (unit: Unit) => {
    const { dtype, block } = formOf(unit[0]);
    const isCopied = copied.has(unit[0]);
    const alike = unit.every((shape) => {
      const form = formOf(shape);
      return form.dtype === dtype && form.block === block && copied.has(shape) === isCopied;
    });
    return alike && bytesOf({ shape: [countOf(unit)], dtype }) <= limitBytes;
  };
  const wanted = unitsOf(shapes);
  // A bias inside a pack cannot be bound by itself.
  const split = new Set(wanted.filter((unit) => !isOne(unit)).map(([first]) => first.layers ?? first.pack));
  const units = wanted.flatMap((unit): Unit[] => {
    const [{ pack, layers }] = unit;
    return pack !== undefined && split.has(layers ?? pack) ? unit.map((shape) => [shape]) : [unit];
  });
  layout.packs = units.filter((unit) => unit.length > 1);
  for (const dtype of new Set(units.map(([first]) => formOf(first).dtype))) {
    let last: SegmentSizes | null = null;
    for (const unit of units.filter(([first]) => formOf(first).dtype === dtype)) {
      const count = countOf(unit);
      const [first] = unit;
      const bytesWith = (before: number) => bytesOf({ shape: [before + count], dtype });
      if (!mayExceed && bytesWith(0) > limitBytes)
        throw new Error(
          `${first.name} ${shapeText(first.shape)} is larger than a kernel on this device may see (${sizeText(limitBytes, Math.floor)}), so it cannot be trained; train an adapter instead (loraRank)`,
        );
      if (last === null || (last.length > 0 && bytesWith(last.length) > limitBytes)) {
        last = { dtype, length: 0, scales: 0, matrixEnd: 0 };
        layout.segments.push(last);
      }
      let [start, scalesStart] = [last.length, last.scales];
      for (const shape of unit) {
        layout.places.set(shape, { segment: layout.segments.length - 1, start, scalesStart });
        start += size(shape.shape);
        const { block } = formOf(shape);
        if (block !== undefined) scalesStart += size(shape.shape) / block;
      }
      last.length += count;
      last.scales = aligned(scalesStart, "u32");
      if (first.shape.length >= 2) last.matrixEnd = last.length;
    }
  }
  return layout;
}
