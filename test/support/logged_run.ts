import type { Rollout, Segment } from "../../src/agent/rollout.ts";
import type { Logged, LoggedStep } from "../../src/interop/logs/logged_steps.ts";
import type { NamedBytes } from "../../src/platform.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import source from "../golden/tokenizer-needle.json" with { type: "json" };
import { needleTask, rollout, zoomCall } from "./rollouts.ts";

export const needleTokenizer = new Tokenizer(source);

const segment = (from: Segment["source"], text: string, images: number[] = []): Segment => {
  const tokens = needleTokenizer.encode(text);
  const perToken = (value: number) => (from === "model" ? tokens.map(() => value) : []);
  return { source: from, tokens, logprobs: perToken(-0.5), entropies: perToken(0.25), images };
};
const picture = `<|vision_start|>${"<|image_pad|>".repeat(4)}<|vision_end|>`;
const prompt = segment("prompt", `<|im_start|>user\n${picture}7?<|im_end|>\n<|im_start|>assistant\n`, [0]);

/** Zoomed, answered "9" rightly, and was charged 0.25 for its KL. */
export const zoomedRollout: Rollout = rollout({
  segments: [
    prompt,
    segment("model", "<tool_call></tool_call><|im_end|>"),
    segment("tool", `\n<|im_start|>user\n<tool_response>${picture}</tool_response><|im_end|>\n`, [1]),
    segment("model", "<answer>9</answer><|im_end|>"),
  ],
  calls: [zoomCall()],
  reward: { parts: { answer: 0.8, zoom: 1.2, kl: -0.25 }, total: 1.75, right: true, verdict: "exact" },
  advantage: 0.5,
});

/** Answered "=é" directly; no judge could decide. */
export const unjudgedRollout: Rollout = rollout({
  id: "0·0·1",
  rolloutIndex: 1,
  segments: [prompt, segment("model", "<answer>=é</answer><|im_end|>")],
  answer: "=é",
});

export const loggedStep: LoggedStep = {
  kind: "step",
  marks: new Map(),
  step: 1,
  endedAtMs: 1_600_000_000_250,
  groups: [{ task: needleTask, rollouts: [zoomedRollout, unjudgedRollout] }],
  metrics: { reward: 1.75 },
};

/** Events of a run of two steps with an evaluation after the second. */
export const loggedEvents: TrainEvent[] = [
  {
    type: "run",
    format: 2,
    config: resolveConfig({ steps: 2 }),
    model: { name: "needle", parameters: 1 },
    adapter: "a",
    resumedAt: 0,
    startedAt: "2020-09-13T12:26:40.000Z",
  },
  ...[1, 2].flatMap((step): TrainEvent[] => [
    { type: "tasks", step, tasks: [needleTask] },
    { type: "group", step, taskIndex: 0, rollouts: [zoomedRollout, unjudgedRollout] },
    {
      type: "update",
      step,
      metrics: { accuracy: 1, policy_loss: 0.25, grad_norm: 2, learning_rate: 1e-4 },
      durationMs: 250,
      rollMs: 100,
      updateMs: 150,
    },
  ]),
  { type: "eval", step: 2, tasks: 8, greedy: true, metrics: { accuracy: 0.5 }, durationMs: 1000 },
  { type: "end", step: 2, reason: "done" },
];

export const linesOf = (events: readonly TrainEvent[]): string[] => events.map((event) => JSON.stringify(event));

export async function* givenLog(...log: Logged[]): AsyncGenerator<Logged> {
  yield* log;
}

/** The files that pieces make up. */
export async function filesOf(pieces: AsyncIterable<NamedBytes>): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for await (const { name, bytes } of pieces) files[name] = Uint8Array.from([...(files[name] ?? []), ...bytes]);
  return files;
}

export const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
