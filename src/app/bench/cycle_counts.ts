import { countingGpu } from "../../gpu/counting_device.ts";
import { labelOf } from "../../gpu/dispatch.ts";
import type { Plan } from "../../gpu/plan.ts";
import type { Platform } from "../../platform.ts";
import { resolveConfig } from "../../train/config.ts";
import { assumedStep } from "../memory/assumed_step.ts";
import { describedModel } from "../memory/model_sizes.ts";
import { simulateStep } from "../memory/simulated_step.ts";
import { table } from "./report.ts";

/** Dispatches of one pass of a training step of the shipped model. */
export interface CyclePass {
  pass: "decode" | "prefill" | "update" | "optimizer";
  dispatches: number;
  /** By kernel, most first. */
  kernels: Record<string, number>;
}

/**
 * The passes of a step of the shipped model as it is trained by default, 16 scenes x 8 rollouts with a call each,
 * counted without a device: the first plan of each kind, and of prefills that of the prompts.
 */
export async function cycleCounts(platform: Platform): Promise<CyclePass[]> {
  const config = resolveConfig({ preset: "needle" });
  const { sizes, preprocessor } = await describedModel(config, platform, { mayFetch: false });
  const gpu = countingGpu();
  const found = new Map<string, CyclePass>();
  gpu.beforeRun = (plan) => {
    const pass = plan.name.split(" ", 1).join();
    if (isCounted(pass) && !found.has(pass)) found.set(pass, countOf(pass, plan));
  };
  await simulateStep(gpu, config, sizes, assumedStep(config, sizes.config, preprocessor));
  return [...found.values()];
}

const passes: readonly string[] = ["decode", "prefill", "update", "optimizer"] satisfies CyclePass["pass"][];
const isCounted = (name: string): name is CyclePass["pass"] => passes.includes(name);

function countOf(pass: CyclePass["pass"], plan: Plan): CyclePass {
  const labels = plan.recorded.map(labelOf);
  const kernels = new Map<string, number>();
  for (const label of labels) kernels.set(label, (kernels.get(label) ?? 0) + 1);
  return {
    pass,
    dispatches: labels.length,
    kernels: Object.fromEntries([...kernels].sort(([, a], [, b]) => b - a)),
  };
}

/** The counts as a table in Markdown, and what they are made of. */
export const cycleMarkdown = (all: readonly CyclePass[]): string[] => [
  "Dispatches of a training step of the shipped `needle`, 16 scenes x 8 rollouts with a call each: of a run of decoded tokens, the prefill of the prompts, and the update.",
  "",
  ...table(
    ["pass", "dispatches", "by kernel"],
    all.map(({ pass, dispatches, kernels }) => [
      pass,
      String(dispatches),
      Object.entries(kernels)
        .map(([label, count]) => (count > 1 ? `${count} ${label}` : label))
        .join(", "),
    ]),
  ),
];
