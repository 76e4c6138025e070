import { countingGpu } from "../../gpu/counting_device.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Plan } from "../../gpu/plan.ts";
import { size } from "../../gpu/tensor.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import { type Work, workOf } from "../kernels/kernel_work.ts";
import { randomPrompt, type Shapes, shapes3B, shapesQwen3 } from "./random_model.ts";
import { table } from "./report.ts";
import { rollGroup } from "./rollout.ts";
import { openStep } from "./steps.ts";
import { memorySteps, openWholeStep, type WholeStep } from "./whole_step.ts";

/** What a pass through the model takes: its dispatches and the least work of its kernels. */
export interface PassCounts {
  model: string;
  isLora: boolean;
  pass: "prefill" | "decode" | "update";
  /** Dispatches of a text layer, in an update with its backward pass. */
  perLayer: number;
  /** All dispatches, including the vision tower and the sampler. */
  dispatches: number;
  /** Least bytes to read and write, and operations of products; attention is counted by its spans. */
  bytes: number;
  flops: number;
  /** How often the host waits for the device, per token of a row; in decoding only. */
  readsPerToken?: number;
  /** Kernels whose work is not known and not in these sums. */
  unknown: string[];
}

/** Answers of a group, tokens of each in a rollout, and in an update. */
const [n, written, learned] = [16, 64, 256];

const models: readonly { model: string; shapes: () => Shapes }[] = [
  { model: "Qwen2.5-VL-3B", shapes: shapes3B },
  { model: "Qwen3-VL-2B", shapes: shapesQwen3 },
];

/** What the passes of both families take, counted without a device: the same numbers on any machine. */
export async function counts(): Promise<PassCounts[]> {
  const all: PassCounts[] = [];
  for (const { model, shapes } of models)
    for (const isLora of [false, true]) {
      const whole = await countsOf(shapes(), isLora);
      const { config, ...rest } = shapes();
      const text = { ...config.text, numHiddenLayers: config.text.numHiddenLayers - 1 };
      const shorter = await countsOf({ ...rest, config: { ...config, text } }, isLora);
      for (const pass of ["prefill", "decode", "update"] as const)
        all.push({
          model,
          isLora,
          pass,
          perLayer: whole[pass].dispatches - shorter[pass].dispatches,
          ...whole[pass],
          ...(pass === "decode" ? { readsPerToken: whole.readsPerToken } : {}),
        });
    }
  return all;
}

type Counted = Work & Pick<PassCounts, "dispatches" | "unknown">;

async function countsOf(
  shapes: Shapes,
  isLora: boolean,
): Promise<Record<PassCounts["pass"], Counted> & { readsPerToken: number }> {
  const gpu = countingGpu();
  const spansOf = recordSpans(gpu);
  const { model, learner, settings, groups } = openStep(gpu, shapes, { isLora });
  const prompt = randomPrompt(shapes);
  const found = new Map<string, Counted>();
  /** @param spans  those of attention; as the host wrote them unless given */
  const count = (kindOf: (plan: Plan) => string, spans?: Uint32Array) => {
    gpu.beforeRun = (plan) => {
      const kind = kindOf(plan);
      if (!found.has(kind))
        found.set(
          kind,
          countOf(plan, (buffer) => spans ?? spansOf(buffer)),
        );
    };
  };
  const firstWord = ({ name }: Plan) => name.split(" ", 1).join();
  count(firstWord);
  const policy = new GpuPolicy(gpu, model);
  await rollGroup(policy, prompt, { n, tokens: 1, capacity: written });
  // The spans of decoding are computed on the GPU: these are those of half the answer.
  count(firstWord, spansOfDecoding(prompt.tokens.length));
  const readsBefore = gpu.reads;
  await rollGroup(policy, prompt, { n, tokens: written, capacity: written });
  const readsPerToken = (gpu.reads - readsBefore) / written;
  count(({ name }) => (name === "optimizer" ? name : "training"));
  await learner.update(groups(n, learned, true), settings, { updatesBefore: 0 });
  const of = (kind: string) => {
    const counted = found.get(kind);
    if (!counted) throw new Error(`Expected a plan ${kind} to have run, found ${[...found.keys()].join(", ")}`);
    return counted;
  };
  return { prefill: of("prefill"), decode: of("decode"), update: sum(of("training"), of("optimizer")), readsPerToken };
}

/** Each row attends the prompt and half of its own tokens. */
function spansOfDecoding(promptTokens: number): Uint32Array {
  const begin = (row: number) => promptTokens + row * written;
  return Uint32Array.from(
    Array.from({ length: n }, (_, row) => [0, promptTokens, begin(row), begin(row) + written / 2]).flat(),
  );
}

/** Records the spans that the host writes. */
function recordSpans(gpu: Gpu): (buffer: GPUBuffer) => Uint32Array | undefined {
  const written = new Map<GPUBuffer, Uint32Array>();
  const write = gpu.write.bind(gpu);
  gpu.write = (tensor, values, start) => {
    if (tensor.shape.length === 2 && tensor.shape[1] === 4 && values instanceof Uint32Array && !start)
      written.set(tensor.buffer, values.slice(0, size(tensor.shape)));
    write(tensor, values, start);
  };
  return (buffer) => written.get(buffer);
}

function countOf(plan: Plan, spansOf: (buffer: GPUBuffer) => Uint32Array | undefined): Counted {
  return plan.recorded
    .map((dispatch): Counted => {
      const spans = dispatch.tensors.query_spans;
      const work = workOf(dispatch, spans && spansOf(spans.buffer));
      const unknown = work ? [] : [`${dispatch.shader.name}.${dispatch.entry}`];
      return { ...(work ?? { flops: 0, bytes: 0 }), dispatches: 1, unknown };
    })
    .reduce(sum);
}

const sum = (a: Counted, b: Counted): Counted => ({
  flops: a.flops + b.flops,
  bytes: a.bytes + b.bytes,
  dispatches: a.dispatches + b.dispatches,
  unknown: b.unknown.length === 0 ? a.unknown : [...new Set([...a.unknown, ...b.unknown])],
});

/** The counts as a table in Markdown. */
export function countsMarkdown(all: readonly PassCounts[]): string[] {
  const rows = all.map((one) => [
    one.model,
    one.isLora ? "rank 16" : "none",
    one.pass,
    String(one.perLayer),
    String(one.dispatches),
    (one.bytes / 1e9).toFixed(2),
    (one.flops / 1e12).toFixed(2),
    one.readsPerToken === undefined ? "" : one.readsPerToken.toFixed(3),
  ]);
  return [
    `Prompt of 1,300 tokens with a picture of 1,024; ${n} answers, of ${written} tokens in a rollout, of ${learned} in an update. Without an adapter all weights are trained, in f32; beside one they are frozen, in bf16. At each read the host waits for the GPU.`,
    "",
    ...table(
      ["model", "adapter", "pass", "dispatches a layer", "in all", "GB moved at least", "TFLOP", "reads a token"],
      rows,
    ),
  ];
}

/** Memory of a step, counted without a device. */
export interface MemoryCounts {
  id: string;
  step: WholeStep;
  weightBytes: number;
  peakBytes: number;
}

export async function memoryCounts(): Promise<MemoryCounts[]> {
  const all: MemoryCounts[] = [];
  for (const step of memorySteps) {
    const gpu = countingGpu();
    const { weightBytes, run } = openWholeStep(gpu, step);
    await run();
    all.push({ id: step.id, step, weightBytes, peakBytes: gpu.pool.peak.bytes });
  }
  return all;
}

/** The same as a table in Markdown. */
export const memoryMarkdown = (all: readonly MemoryCounts[]): string[] => [
  "Memory of a whole step, rollout and update of one group, with LoRA of rank 16, in GB of 10^9 bytes.",
  "",
  ...table(
    ["model.base dtype", "answers", "GB of weights", "GB at the peak"],
    all.map(({ step, weightBytes, peakBytes }) => [
      step.id.replace("step.", ""),
      `${step.n} of ${step.tokens} tokens`,
      (weightBytes / 1e9).toFixed(2),
      (peakBytes / 1e9).toFixed(2),
    ]),
  ),
];
