import type { Rollout } from "../../../agent/rollout.ts";
import type { Capacity } from "../../../agent/token_limits.ts";
import { turnsOf } from "../../../train/metrics.ts";

/** A stored rollout that the check plays again. */
export interface StoredRollout {
  /** How it came about: scripted turns, the model's own at the export, or of the run's log. */
  set: "scripted" | "model" | "run";
  rollout: Rollout;
  /** Of its task, in check.parquet. */
  row: number;
  /** Files of the pictures that its tools gave, in order. */
  pictures: readonly string[];
  capacity: Capacity;
  /** The advantage within its group, by its reward alone. */
  advantage: number | null;
  /** Whether the run's rules decided; else the verdict was a server's and is taken as it was. */
  byRules: boolean;
}

/** Ids with runs of one id as [id, times]: a picture is hundreds of them. */
function packed(ids: readonly number[]): (number | [number, number])[] {
  const out: (number | [number, number])[] = [];
  for (let i = 0; i < ids.length; ) {
    let times = 1;
    while (ids[i + times] === ids[i]) times++;
    if (times > 3) out.push([ids[i]!, times]);
    else for (let n = 0; n < times; n++) out.push(ids[i]!);
    i += times;
  }
  return out;
}

/** One line of rollouts.jsonl: what came out here, for the check to compare verl's with. */
export function rolloutLine({ set, rollout, row, pictures, capacity, advantage, byRules }: StoredRollout): string {
  const [prompt, ...behind] = rollout.segments;
  const parts = Object.fromEntries(Object.entries(rollout.reward?.parts ?? {}).filter(([name]) => name !== "kl"));
  return JSON.stringify({
    set,
    id: rollout.id,
    task: rollout.task,
    row,
    prompt_ids: packed(prompt?.tokens ?? []),
    turns: behind.filter(({ source }) => source === "model").map(({ tokens }) => tokens),
    response_ids: packed(behind.flatMap(({ tokens }) => tokens)),
    response_mask: packed(behind.flatMap(({ source, tokens }) => tokens.map(() => (source === "model" ? 1 : 0)))),
    num_turns: turnsOf(rollout),
    end: rollout.end,
    answer: rollout.answer,
    outcomes: rollout.calls.map(({ outcome }) => outcome),
    pictures,
    reward: rollout.reward ? Object.values(parts).reduce((sum, value) => sum + value, 0) : null,
    parts,
    verdict: byRules ? null : (rollout.judged?.verdict?.right ?? rollout.reward?.right ?? null),
    advantage,
    response_tokens: capacity.responseTokens,
    observation_tokens: capacity.observationTokens,
  });
}
