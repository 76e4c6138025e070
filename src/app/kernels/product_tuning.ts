import { type Gpu, GpuError } from "../../gpu/gpu.ts";
import { Plan } from "../../gpu/plan.ts";
import { bytesOf, rowsOf, type Tensor } from "../../gpu/tensor.ts";
import { Parameters } from "../../model/parameters.ts";
import type { WeightForm } from "../../model/weight_form.ts";
import { multiplyInParts } from "../../ops/product.ts";
import {
  type KernelInTiles,
  kernelOf,
  kernelsInTiles,
  type ProductChoice,
  usualChoice,
} from "../../ops/product_choice.ts";
import { fillRandom } from "../../ops/random.ts";
import { Stopwatch } from "./stopwatch.ts";

/** Time of one product by each of some kernels. */
export interface TimedProduct {
  N: number;
  O: number;
  ms: Partial<Record<KernelInTiles, number>>;
}

/** What is tried. */
export interface Trial {
  /** Width and rows of the weight. */
  width: number;
  height: number;
  products: readonly { N: number; O: number; kernels: readonly KernelInTiles[] }[];
  /** Weights in turn, of this many bytes in all: a model's are not in a cache when their turn comes. */
  rotatedBytes: number;
  multiply: typeof multiplyInParts;
}

/** Sizes of a model of 2 to 7 billion weights: where few rows end, by rows and by outputs, and where large tiles begin. */
const usualTrial: Trial = {
  width: 2048,
  height: 16_384,
  products: [
    ...[8, 16, 32, 64].map((N) => ({ N, O: 16_384, kernels: ["thin", "tiled"] as const })),
    ...[32, 64, 128].map((N) => ({ N, O: 2048, kernels: ["thin", "tiled"] as const })),
    ...[512, 1024, 1536, 2048, 3072].map((N) => ({ N, O: 2048, kernels: ["tiled", "wide"] as const })),
  ],
  rotatedBytes: 128e6,
  multiply: multiplyInParts,
};

/** Small products of a replay, at least. */
const leastProducts = 16;

/** A choice other than the default must be faster by this share, on average over what was tried. */
const leastGain = 0.02;

/** Never: more than any product has. */
const never = 2 ** 31;

/** Most first: of two choices that do equally well on what was tried, the one that also takes wider outputs as thin. */
const thinRows = [64, 32, 16, 8, 4];
const thinOutputs = [0, 50_000, 100_000, 200_000, 400_000, 800_000];
const wideFrom = [64, 128, 192, 200, 256, 384, never];

/**
 * Tries the kernels of out = x weightT with weights of a form on this device, in a few seconds, most of which
 * goes into compiling them. First their bits, then their time.
 *
 * @returns the choice, and a sentence for each kernel that is left out
 * @throws GpuError where the device has no memory for what is tried, or is lost
 */
export async function tuneProducts(
  gpu: Gpu,
  form: WeightForm,
  trial: Trial = usualTrial,
): Promise<{ choice: ProductChoice; notices: string[] }> {
  const watch = new Stopwatch(gpu);
  const weights = randomWeights(gpu, form, trial);
  try {
    const without: KernelInTiles[] = [];
    const notices: string[] = [];
    for (const kernel of kernelsInTiles) {
      const problem = await problemOf(gpu, weights[0]!, kernel, trial);
      if (problem === null) continue;
      without.push(kernel);
      notices.push(`The kernel for ${kernel} products is left out on this device: ${problem}`);
    }
    await watch.warmUp(150);
    const timed: TimedProduct[] = [];
    for (const { N, O, kernels } of trial.products) {
      const ms: TimedProduct["ms"] = {};
      for (const kernel of kernels)
        if (!without.includes(kernel)) ms[kernel] = await timeOf(gpu, watch, weights, { N, O, kernel, ...trial });
      timed.push({ N, O, ms });
    }
    return { choice: choiceFrom(timed, without), notices };
  } finally {
    for (const weight of weights) gpu.release(weight.buffer);
    for (const { scales } of weights) if (scales) gpu.release(scales.buffer);
    watch.free();
  }
}

function randomWeights(gpu: Gpu, form: WeightForm, { width, height, rotatedBytes }: Trial): Tensor[] {
  const plan = new Plan(gpu, "random weights");
  const weights: Tensor[] = [];
  for (let bytes = 0; bytes < rotatedBytes; bytes += bytesOf(weights[0]!)) {
    const parameters = new Parameters(gpu, [{ name: "tuned", shape: [height, width] }], {
      trained: false,
      formOf: () => form,
    });
    const weight = parameters.get("tuned");
    fillRandom(plan, weight, 1, weights.length);
    weights.push(weight);
  }
  plan.run();
  plan.free();
  return weights;
}

/** Rows and outputs whose bits are compared: those that kernels have other sizes or edges for. */
const checked = [1, 2, 5, 131].flatMap((N) => [256, 1000].map((O) => [N, O] as const));

/** Null where a kernel gives the bits of the one without workgroup memory, for odd counts of rows; otherwise what it did. */
async function problemOf(
  gpu: Gpu,
  whole: Tensor,
  kernel: KernelInTiles,
  { width, height, multiply }: Trial,
): Promise<string | null> {
  for (const [N, O] of checked) {
    if (O > height) continue;
    const weight = rowsOf(whole, 0, O);
    const plan = new Plan(gpu, `tuning ${kernel}`);
    const filler = new Plan(gpu, "random rows");
    try {
      const x = plan.empty("x", [N, width]);
      fillRandom(filler, x, 1, 7);
      filler.run();
      const [own, untiled] = [plan.empty("own", [N, O]), plan.empty("untiled", [N, O])];
      multiply(plan, { x, weight, out: own }, kernel);
      multiply(plan, { x, weight, out: untiled }, "untiled");
      plan.run();
      const [a, b] = (await gpu.readUint(own, untiled)) as [Uint32Array, Uint32Array];
      const different = a.findIndex((word, i) => word !== b[i]);
      if (different >= 0)
        return `its bits differ from those of the plain one, first in row ${Math.floor(different / O)} of ${N}`;
    } catch (error) {
      // That memory is short or the device is lost says nothing of the kernel.
      if (error instanceof GpuError && error.kind !== "refused") throw error;
      return (error as Error).message;
    } finally {
      filler.free();
      plan.free();
    }
  }
  return null;
}

async function timeOf(
  gpu: Gpu,
  watch: Stopwatch,
  weights: readonly Tensor[],
  { N, O, kernel, width, height, multiply }: Trial & { N: number; O: number; kernel: KernelInTiles },
): Promise<number> {
  const plan = new Plan(gpu, `tuning ${kernel}`);
  try {
    const x = plan.upload("x", new Float32Array(N * width).fill(0.5), [N, width]);
    const out = plan.empty("out", [N, O]);
    const parts = weights.flatMap((weight) =>
      Array.from({ length: Math.floor(height / O) }, (_, part) => ({ weight, first: part * O })),
    );
    // Small products in numbers: what it costs to begin a replay is shared among them.
    const count = N * O <= 2 ** 20 ? Math.ceil(leastProducts / parts.length) * parts.length : parts.length;
    for (let i = 0; i < count; i++) {
      const { weight, first } = parts[i % parts.length]!;
      multiply(plan, { x, weight, out, first }, kernel);
    }
    const { ms } = await watch.ofPlan(plan, { runs: 3, batchMs: 4, warmUpMs: 0, leadMs: 1 });
    return ms / count;
  } finally {
    plan.free();
  }
}

/** The thresholds under which what was tried takes least, or the usual ones where little is gained. */
export function choiceFrom(timed: readonly TimedProduct[], without: readonly KernelInTiles[]): ProductChoice {
  // How much slower than the best, as a logarithm, on average.
  const loss = (choice: ProductChoice): number => {
    const losses = timed.flatMap(({ N, O, ms }) => {
      const taken = ms[kernelOf(choice, N, O) as KernelInTiles];
      return taken === undefined ? [] : [Math.log(taken / Math.min(...Object.values(ms)))];
    });
    return losses.length === 0 ? 0 : losses.reduce((sum, one) => sum + one, 0) / losses.length;
  };
  let best: ProductChoice = { ...usualChoice, without };
  let least = loss(best) - leastGain;
  const tryChoice = (choice: ProductChoice) => {
    const found = loss(choice);
    if (found >= least) return;
    [best, least] = [choice, found];
  };
  for (const mostThinRows of thinRows)
    for (const mostThinOutputs of thinOutputs)
      for (const busyWideGroups of wideFrom) tryChoice({ mostThinRows, mostThinOutputs, busyWideGroups, without });
  return best;
}
