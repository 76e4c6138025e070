import { orAborted } from "../agent/or_aborted.ts";
import { responseText } from "../agent/response_text.ts";
import type { GroupEnded } from "../agent/rollout.ts";
import { JudgeUnusable } from "../reward/judges/judge_unusable.ts";
import { noteLegible } from "../reward/reading/crop_reader.ts";
import { scoreRollouts } from "../reward/rewards/score_rollouts.ts";
import type { Task } from "../tasks/task.ts";
import { elapsing, onHost } from "../timeline.ts";
import type { RollingParts } from "./run_parts.ts";

/** Scores groups as they end, while others are still sampled: a remote judge is slow. */
export class GroupScoring {
  readonly #parts: RollingParts;
  readonly #stop = new AbortController();
  readonly #end = () => this.#stop.abort();
  readonly #scoring: Promise<void>[] = [];

  constructor(parts: RollingParts) {
    this.#parts = parts;
    parts.signal?.addEventListener("abort", this.#end);
  }

  /** @throws the signal's reason where that stops the run, and JudgeUnusable */
  throwIfStopped(): void {
    const { signal, judge } = this.#parts;
    signal?.throwIfAborted();
    if (judge.counts.unusable) throw new JudgeUnusable(judge.counts.unusable);
  }

  /** Begins to score a group. */
  take({ rollouts, toolImages }: Pick<GroupEnded, "rollouts" | "toolImages">, task: Task): void {
    const { tokenizer, config, judge, reward: given, reader } = this.#parts;
    const { reward, judgeFailure } = config();
    const { signal } = this.#stop;
    for (const rollout of rollouts) rollout.response = responseText(tokenizer, rollout);
    const one = onHost("scoring", async () => {
      if (reader) await orAborted(noteLegible(rollouts, task, toolImages, reader), signal);
      await scoreRollouts(rollouts, task, judge, {
        reward: given ?? reward,
        weights: config(),
        failure: judgeFailure,
        decode: (tokens) => tokenizer.decode(tokens),
        signal,
      });
    });
    // Thrown by the wait for all of them.
    one.catch(() => {});
    this.#scoring.push(one);
    // A judge that refuses all questions ends the wait for the others.
    one.then(() => judge.counts.unusable && this.#end()).catch(() => {});
  }

  /** Waits until all are scored. @throws as throwIfStopped, and what a reward throws */
  async scored(): Promise<void> {
    await elapsing("judging", Promise.all(this.#scoring));
    this.throwIfStopped();
  }

  /** Does nothing once all is scored; where the run stops early, nothing waits for verdicts any more. */
  close(): void {
    this.#end();
    this.#parts.signal?.removeEventListener("abort", this.#end);
  }
}
