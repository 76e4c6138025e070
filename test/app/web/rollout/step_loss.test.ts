import { expect, test } from "vitest";
import { stepLoss } from "../../../../src/app/web/rollout/step_loss.ts";
import type { StepRecord } from "../../../../src/app/web/run/run_state.ts";
import type { Chosen } from "../../../../src/app/web/run/store.ts";
import type { Measures } from "../../../../src/app/worker_api/token_measures.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import { rollout } from "../../../support/rollouts.ts";

const measured = (logprob: number) => ({ logprob, spread: 0.5, startLogprob: null });
const found = { tokens: [measured(-0.5), measured(-0.75)] } as unknown as Measures;

test("a rollout whose log lacks log-probabilities has no loss, and no number in its place", () => {
  const made = (logprobs: number[]) =>
    rollout({ segments: [{ source: "model", tokens: [4, 5], logprobs, entropies: [], images: [] }] });
  const lossOf = (logprobs: number[]) => {
    const shown = made(logprobs);
    const record = { step: 1, groups: [[shown, made([-0.5, -0.75])]], tasks: [] } as unknown as StepRecord;
    return stepLoss([record], { rollout: shown, step: 1 } as Chosen, resolveConfig({}), found);
  };
  expect(lossOf([-0.5, -0.75])!.terms.map(({ ratio }) => ratio)).toEqual([1, 1]);
  expect(lossOf([])).toBeNull();
  expect(lossOf([-0.5])).toBeNull();
  expect(lossOf([-0.5, Number.NaN])).toBeNull();
});
