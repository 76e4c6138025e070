import { Plan } from "../../gpu/plan.ts";
import { Tape } from "../../gpu/tape.ts";
import { attention } from "../../ops/attention.ts";
import { fillRandom } from "../../ops/random.ts";
import { randomTensor } from "./products.ts";
import { type Bench, type BenchGap, type BenchLine, measured, type Workload } from "./workload.ts";

/** Query rows and keys (T), heads, key heads, head size. */
interface Sizes {
  T: number;
  H: number;
  K: number;
  D: number;
}

/** Causal attention; with `isBoth` also its backward pass. */
function recordAttention(bench: Bench, { T, H, K, D }: Sizes, isBoth: boolean): { plan: Plan; filler: Plan } {
  const plan = new Plan(bench.gpu, "attention");
  const filler = new Plan(bench.gpu, "random");
  const heads = (name: string, count: number) => randomTensor(plan, filler, name, [T, count, D]);
  const [q, k, v] = [heads("q", H), heads("k", K), heads("v", K)];
  const rows = (row: (n: number) => number[]) => Uint32Array.from(Array.from({ length: T }, (_, n) => row(n)).flat());
  const spans = {
    query: plan.upload(
      "spans.query",
      rows((n) => [0, n + 1, 0, 0]),
      [T, 4],
    ),
    key: plan.upload(
      "spans.key",
      rows((n) => [n, T, 0, 0]),
      [T, 4],
    ),
  };
  const tape = new Tape(plan, isBoth);
  for (const input of [q, k, v]) tape.train(input, plan.empty(`d${input.name}`, input.shape));
  const out = attention(tape, { q, k, v, spans, scale: D ** -0.5 });
  const into = isBoth ? tape.into(out) : null;
  if (into) {
    fillRandom(filler, into.d, 1, 2);
    tape.backward();
  }
  return { plan, filler };
}

export const causalAttention: Workload = {
  id: "P5",
  line: "causal f32 attention, 16 query and 2 key heads of 128, 2,048 to 8,192 rows: forward, and forward with backward",
  async *run(bench): AsyncGenerator<BenchLine | BenchGap> {
    const [H, K, D] = bench.isTiny ? [4, 2, 32] : [16, 2, 128];
    for (const T of bench.isTiny ? [64] : [2048, 4096, 8192])
      for (const part of ["forward", "both"] as const) {
        if (bench.isLate()) return;
        const id = `attention.f32.${T}.${part}`;
        yield await measured(id, async () => {
          const { plan, filler } = recordAttention(bench, { T, H, K, D }, part === "both");
          try {
            filler.run();
            const timing = await bench.watch.ofPlan(plan, { runs: 5 });
            // Half of the square; backward is 2.5 times forward (q kT again, dp, dv, dq, dk).
            const flops = (part === "both" ? 3.5 : 1) * 2 * H * T * T * D;
            return { id, what: `causal attention of ${T} rows, ${H}/${K} heads of ${D}, ${part}`, flops, ...timing };
          } finally {
            filler.free();
            plan.free();
          }
        });
      }
  },
};
