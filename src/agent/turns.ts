import type { Chat } from "../policy/chat.ts";
import type { Conversations, Turn } from "../policy/policy.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import { elapsing, onHost } from "../timeline.ts";
import type { Environment } from "./environments/environment.ts";
import type { GrowingRollout } from "./growing_rollout.ts";
import type { RollSettings } from "./loop.ts";
import type { GroupEnded } from "./rollout.ts";
import type { Capacity } from "./token_limits.ts";

/** What turns are written, read and answered with. */
export interface TurnParts {
  conversations: Conversations;
  environment: Environment;
  tokenizer: Vocabulary;
  chat: Chat;
  settings: RollSettings;
  capacity: Capacity;
}

/** How far rollouts are. */
export interface Written {
  type: "written";
  turn: number;
  /** Tokens of the model so far. */
  tokens: number;
  /** Rollouts that still write in this turn, and rollouts that are over. */
  waiting: number;
  done: number;
}

/** The rollouts of a task. */
export interface GrowingGroup {
  /** Index among the tasks that are rolled. */
  task: number;
  rollouts: readonly GrowingRollout[];
}

/**
 * Rolls some groups: all their rollouts write a turn, the environment answers those that called a tool, these write on,
 * until none is left.
 */
export async function* rollTurns(
  groups: readonly GrowingGroup[],
  parts: TurnParts,
): AsyncGenerator<Written | GroupEnded, void> {
  const { conversations, settings, capacity } = parts;
  let writing = groups.flatMap(({ rollouts }) => rollouts);
  let tokens = 0;
  let done = 0;
  for (let turn = 1; writing.length > 0; turn++) {
    const limitOf = (one: GrowingRollout) => one.room(settings, capacity);
    const written = yield* writeTurns(conversations, writing, limitOf, { turn, tokens, done });
    for (const one of written) expectNumbers(one.turn, turn, one.rollout);
    const taking = written.map(async ({ rollout, turn }) => ({
      rollout,
      answer: await onHost("environment", () => rollout.take(turn, parts)),
    }));
    const answered = await elapsing("environment and crops", Promise.all(taking));
    for (const one of written) tokens += lengthOf(one.turn);
    const called = answered.flatMap(({ rollout, answer }) => (answer ? [{ rollout, answer }] : []));
    // Before those that ended are reported: the GPU has work while they are judged.
    if (called.length > 0)
      await conversations.append(
        called.map(({ rollout }) => rollout.row),
        called.map(({ answer }) => answer),
      );
    writing = called.map(({ rollout }) => rollout);
    const over = new Set(answered.filter(({ answer }) => !answer).map(({ rollout }) => rollout));
    done += over.size;
    if (over.size > 0) yield { type: "written", turn, tokens, waiting: 0, done };
    for (const { task, rollouts } of groups)
      if (rollouts.some((one) => over.has(one)) && rollouts.every((one) => one.isOver))
        yield {
          type: "ended",
          taskIndex: task,
          rollouts: rollouts.map(({ rollout }) => rollout),
          toolImages: rollouts.map(({ toolImages }) => toolImages),
        };
  }
}

/** Tokens that were written, of a model elsewhere as its server counts them. */
const lengthOf = ({ tokens, elsewhere }: Turn): number => elsewhere?.tokenCount ?? tokens.length;

/** Writes one turn of each rollout, reporting progress on the way. */
async function* writeTurns(
  conversations: Conversations,
  rollouts: readonly GrowingRollout[],
  limitOf: (rollout: GrowingRollout) => number,
  at: Pick<Written, "turn" | "tokens" | "done">,
): AsyncGenerator<Written, { rollout: GrowingRollout; turn: Turn }[]> {
  const turns = new Map<GrowingRollout, Turn>();
  // Nearly always one limit for all; only who is close to the end of its response has less.
  for (const limit of new Set(rollouts.map(limitOf))) {
    const alike = rollouts.filter((rollout) => limitOf(rollout) === limit);
    const rows = alike.map(({ row }) => row);
    for (const [i, turn] of (yield* write(conversations, rows, limit, at)).entries()) {
      const rollout = alike[i];
      if (rollout) turns.set(rollout, turn);
    }
  }
  return rollouts.flatMap((rollout) => {
    const turn = turns.get(rollout);
    return turn ? [{ rollout, turn }] : [];
  });
}

async function* write(
  conversations: Conversations,
  rows: readonly number[],
  maxTokens: number,
  at: Pick<Written, "turn" | "tokens" | "done">,
): AsyncGenerator<Written, Turn[]> {
  const writing = conversations.write(rows, maxTokens);
  try {
    for (;;) {
      const next = await writing.next();
      if (next.done) return next.value;
      yield { type: "written", ...at, tokens: at.tokens + next.value.tokens, waiting: next.value.waiting };
    }
  } finally {
    // Does nothing after the last turn; where the caller stopped early it lets the policy stop too.
    await writing.return([]);
  }
}

/** @throws Error where what a model computes are not numbers: the tokens sampled from them mean nothing. */
function expectNumbers({ logprobs, entropies, elsewhere }: Turn, turn: number, { rollout }: GrowingRollout): void {
  // A server's are read as numbers, or not at all.
  if (elsewhere) return;
  const bad = logprobs.findIndex((logprob, i) => !Number.isFinite(logprob) || !Number.isFinite(entropies[i]));
  if (bad < 0) return;
  throw new Error(
    `Expected log-probabilities that are numbers, found ${logprobs[bad]} (entropy ${entropies[bad]}) at token ${bad + 1} of turn ${turn} of ${rollout.task}: weights of the model are not numbers, or too large for f32; load the model anew, or go on from a checkpoint before`,
  );
}
