import type { Gpu } from "../../gpu/gpu.ts";
import { judgeGuard } from "./judge_guard_cases.ts";
import { judgeReply } from "./judge_reply_cases.ts";
import { aggregation, groupAdvantages, kl, policy } from "./loss_cases.ts";
import type { Outcome } from "./outcome.ts";
import { rule } from "./rule_cases.ts";
import { math, parse, reward, turns, verdict } from "./text_cases.ts";
import { sizes, zoom, zoomEndToEnd } from "./zoom_cases.ts";

/** One case of a file: what a suite says about it is its own. */
export interface Case {
  suite: string;
  id: string;
}

type Outcomes = Iterable<Outcome> | AsyncIterable<Outcome> | Promise<Iterable<Outcome>>;

// biome-ignore lint/suspicious/noExplicitAny: the suite's name says which fields a case has
const suites: Record<string, (one: any) => Outcomes> = {
  zoom,
  zoom_e2e: zoomEndToEnd,
  smart_resize: sizes,
  hermes_parse: parse,
  reward,
  reward_math_official: math,
  judge_verdict: verdict,
  judge_reply: judgeReply,
  judge_guard: judgeGuard,
  agent_loop_turns: turns,
  rule,
  grpo_advantage: groupAdvantages,
  loss_aggregation: aggregation,
};

// biome-ignore lint/suspicious/noExplicitAny: as above
const gpuSuites: Record<string, (gpu: Gpu, one: any) => Outcomes> = {
  policy_loss_token: policy,
  low_var_kl_token: kl,
};

/** Whether any of the cases needs the GPU: losses are computed where training computes them. */
export const needsGpu = (cases: readonly Case[]): boolean => cases.some(({ suite }) => suite in gpuSuites);

/** Runs cases of DeepEyes and verl against our code that is faithful to them. A case that breaks has failed; one of an unknown suite is skipped. */
export async function* conformance(cases: readonly Case[], gpu: Gpu | null): AsyncGenerator<Outcome> {
  for (const one of cases) {
    const run = suites[one.suite] ?? (gpu && gpuSuites[one.suite] && ((c: Case) => gpuSuites[one.suite]!(gpu, c)));
    const fail = (detail: string): Outcome => ({ quantity: one.suite, name: one.id, passed: false, detail });
    if (!run) {
      const known = [...Object.keys(suites), ...Object.keys(gpuSuites)].join(", ");
      yield { ...fail(`not a suite of this version, which knows ${known}`), skipped: true };
      continue;
    }
    try {
      yield* await run(one);
    } catch (error) {
      yield fail((error as Error).message);
    }
  }
}
