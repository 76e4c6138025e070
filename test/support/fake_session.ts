import type { Session } from "../../src/app/session/session.ts";
import type { Task } from "../../src/tasks/task.ts";
import { type Checkpoint, checkpointFiles, readCheckpoint, readWeightsOf } from "../../src/train/checkpoint.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";

const shapes = new Map([["w", [2]]]);

/**
 * A session whose whole model is one number, the sum of the steps made: enough to see whether a run goes on from where
 * it was. `failAt` throws within that step; a `frozen` one takes weights without the optimizer.
 */
export function fakeSession(
  wanted: RunConfig,
  options: { failAt?: number; frozen?: boolean } = {},
): Session & { closed: boolean } {
  const config = { ...wanted };
  let step = 0;
  let weight = 0;
  const weights = () => [{ name: "w", shape: [2], values: Float32Array.of(weight, step) }];
  const session: Session & { closed: boolean } = {
    adapter: "Fake",
    software: true,
    model: { name: config.model, parameters: 2 },
    closed: false,
    lost: false,
    async restore(files: Parameters<Session["restore"]>[0]) {
      const checkpoint = await (options.frozen ? readWeightsOf : readCheckpoint)(files, shapes);
      step = checkpoint.step;
      weight = checkpoint.weights[0]?.values[0] ?? Number.NaN;
      return step;
    },
    beside: async () => fakeSession(wanted, { ...options, frozen: true }),
    async reset(next: RunConfig) {
      Object.assign(config, next);
      step = 0;
      weight = 0;
    },
    async *train(): AsyncGenerator<TrainEvent> {
      yield { type: "run", format: 2, config, model: session.model, adapter: "Fake", resumedAt: step, startedAt: "" };
      while (step < config.steps) {
        const next = step + 1;
        yield { type: "tasks", step: next, tasks: [] };
        yield { type: "decode", step: next, turn: 1, tokens: 3, waiting: 0, done: 1 };
        if (next === options.failAt) throw new Error("The GPU device was lost");
        yield { type: "group", step: next, taskIndex: 0, rollouts: [] };
        step = next;
        weight += step;
        yield {
          type: "update",
          step,
          metrics: { reward: weight, accuracy: 0.5 },
          durationMs: 3,
          rollMs: 2,
          updateMs: 1,
        };
        if (config.evalEvery > 0 && step % config.evalEvery === 0)
          yield { type: "eval", step, tasks: 4, greedy: true, metrics: { accuracy: 1 }, durationMs: 1 };
      }
      yield { type: "end", step, reason: "done" };
    },
    async *warmup(signal?: AbortSignal) {
      for (let made = step + 1; made <= 3; made++) {
        if (signal?.aborted) return;
        step = made;
        weight += made;
        yield {
          type: "warmup" as const,
          stage: "warm" as const,
          step: made,
          steps: 3,
          loss: 1 / made,
          gradNorm: 1,
          rows: 256 * made,
          durationMs: 1,
        };
      }
      yield { type: "end" as const, step: 3, reason: "done" as const };
    },
    evaluate: async ({ tasks, greedy }: { tasks: number; greedy: boolean }) => ({
      tasks,
      notes: [],
      metrics: { accuracy: greedy ? 0.75 : 0.5, zoom_rate: weight },
      durationMs: 1,
    }),
    async *rollTasks(tasks: readonly Task[]) {
      for (const task of tasks) yield { task, rollouts: [] };
    },
    async *roll({ tasks, rolloutsPerTask }: { tasks: number; rolloutsPerTask: number }) {
      for (let i = 0; i < tasks; i++) {
        const task = { id: `needle/${i}`, source: "needle", question: "What digit?", answer: "7", imageSizesPx: [] };
        const rollouts = Array.from({ length: rolloutsPerTask }, (_, rolloutIndex) => ({
          id: `0·${i}·${rolloutIndex}`,
          step: 0,
          taskIndex: i,
          rolloutIndex,
          task: task.id,
          segments: [{ source: "model" as const, tokens: [1, 2], logprobs: [-1, -1], entropies: [1, 1], images: [] }],
          calls: [],
          end: "answer" as const,
          answer: "7",
          reward: { parts: { answer: 0.8 }, total: 0.8, right: true, verdict: "equal" },
          advantage: null,
        }));
        yield { task, rollouts };
      }
    },
    rollTask: async (task: Task, _config: RunConfig, { step }: { step: number }) => ({
      id: `${step + 1}·0·0`,
      step: step + 1,
      taskIndex: 0,
      rolloutIndex: 0,
      task: task.id,
      segments: [],
      calls: [],
      end: "answer" as const,
      answer: String(weight),
      reward: null,
      advantage: null,
    }),
    rollouts: {
      measures: async (rollout: { segments: { source: string; tokens: number[] }[] }, _task, _config, other) =>
        rollout.segments
          .filter(({ source }) => source === "model")
          .flatMap(({ tokens }) =>
            tokens.map((token) => ({
              top: [{ token, probability: 0.5 }],
              logprob: -1 - weight,
              entropy: 1,
              spread: 0.75,
              other: other ? { probabilities: [0.25], logprob: -2, kl: 0.125 } : null,
            })),
          ),
      worths: async () => [],
      sight: async () => null,
      attention: async () => {
        throw new Error("One number attends to nothing");
      },
      branch: () => Promise.reject(new Error("This session writes no tokens")),
    },
    texts: (tokens: readonly number[]) => tokens.map((token) => `<${token}\u001b[31m>`),
    change(changes: Partial<RunConfig>) {
      Object.assign(config, changes);
    },
    async checkpoint() {
      const checkpoint: Checkpoint = {
        step,
        config,
        weights: weights(),
        optimizer: { step, m: weights(), v: weights() },
      };
      return { step, files: checkpointFiles(checkpoint) };
    },
    exportFiles: async () => [{ name: "model.safetensors", bytes: Uint8Array.of(weight) }],
    profile: () => null,
    notices: [] as string[],
    expectTrainable: () => {},
    expectTasks: async () => {},
    close() {
      session.closed = true;
    },
  };
  return session;
}
