import { type BranchRequest, growBranch } from "../../agent/branch.ts";
import type { RollParts } from "../../agent/loop.ts";
import { responseText } from "../../agent/response_text.ts";
import type { Rollout } from "../../agent/rollout.ts";
import { builtInTools } from "../../agent/tools/table.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Model } from "../../model/model.ts";
import { GpuPolicy } from "../../policy/gpu_policy.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { rulesJudge } from "../../reward/judges/remote_judge.ts";
import { scoreRollouts } from "../../reward/rewards/score_rollouts.ts";
import type { Task } from "../../tasks/task.ts";
import { answerTurn } from "../../train/answer_swap.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import { rollSettings } from "../../train/rolling.ts";
import type { RollingParts } from "../../train/run_parts.ts";
import { expectTokens } from "./rollout_inputs.ts";
import type { RunContext } from "./run_context.ts";

/** A rollout, what is changed in it, and how it goes on. */
export interface AskedBranch extends Omit<BranchRequest, "known"> {
  /** Of the rollout's run. */
  config: RunConfig;
  /** In the place of the run's seed, with which the rollout's own tokens would be sampled again; null keeps that. */
  seed: number | null;
  /** Takes the most likely token each time. */
  greedy: boolean;
  /** Another question than the task's is asked, so that nobody knows what is right. */
  otherQuestion: boolean;
}

/** A branch that has ended. */
export interface MadeBranch {
  /** Scored by rules; where they do not apply, `unjudged` says why. It has no advantage, and nothing is trained on it. */
  rollout: Rollout;
  /** With the question that was asked. */
  task: Task;
  /** The first token that differs from the rollout that it left. */
  place: number;
  /** Probability of its answer, and of what ends the turn behind it, where all of that was sampled; else null. */
  answerProbability: number | null;
}

/** The configuration under which a branch is made: of the run's, all but a judge that is on a server. */
const branchConfig = (config: RunConfig): RunConfig => ({
  ...config,
  judge: "rules",
  judgeUrl: "",
  reward: config.judge === "rules" ? config.reward : "weights",
});

/** Grows a branch on the weights as they are, and scores it. @throws Error as growBranch does */
async function branchOf(
  parts: RollParts & Pick<RollingParts, "view">,
  { ownTools, tools, reward, missing }: Pick<RunContext, "ownTools" | "tools" | "reward" | "missing">,
  { config, seed, greedy, otherQuestion, ...request }: AskedBranch,
): Promise<MadeBranch> {
  const settings = rollSettings(
    { config: () => ({ ...config, seed: seed ?? config.seed }), view: parts.view, tools },
    { step: 0, greedy, rolloutsPerTask: 1 },
  );
  const known = [...builtInTools, ...ownTools];
  const branch = await growBranch(parts, { ...request, known }, settings);
  const { rollout, task } = branch;
  rollout.response = responseText(parts.tokenizer, rollout);
  const unjudged = whyUnjudged(config, otherQuestion || request.what.kind === "question", missing);
  if (unjudged !== null) rollout.unjudged = unjudged;
  else
    await scoreRollouts([rollout], task, rulesJudge(), {
      reward,
      weights: config,
      failure: config.judgeFailure,
      decode: (tokens) => parts.tokenizer.decode(tokens),
    });
  return { ...branch, answerProbability: answerProbability(rollout, parts) };
}

/** Why nothing is said about a branch's answer; null where the rules can. */
function whyUnjudged(config: RunConfig, otherQuestion: boolean, missing: Error | null): string | null {
  if (otherQuestion) return "Not judged: the question was changed, and the task does not say what answers it";
  if (config.judge !== "rules") return `Not judged: the run's judge ${config.judge} is not asked about branches`;
  if (isOwnCode(config.reward) && missing) return `Not judged: ${missing.message}`;
  return null;
}

function answerProbability(rollout: Rollout, { tokenizer }: Pick<RollParts, "tokenizer">): number | null {
  const answer = answerTurn(rollout, tokenizer);
  const last = rollout.segments.at(-1);
  if (!answer || !last) return null;
  const from = answer.before.length;
  if (last.given?.some(([, to]) => to > from)) return null;
  return Math.exp(last.logprobs.slice(from).reduce((sum, one) => sum + one, 0));
}

/** What branches of a session are made with. */
interface BranchesParts {
  gpu: Gpu;
  model: Model;
  tokenizer: Tokenizer;
  view: () => RollingParts["view"];
  open: (config: RunConfig) => Promise<RunContext>;
  ahead: boolean;
}

/**
 * Branches on the weights of a session, one after the other. Cache and random numbers are their own: a run has the same bits
 * with and without them.
 */
export class Branches {
  readonly #parts: BranchesParts;
  /** Plans and cache stay between branches, so that the next one is quick. */
  #policy: GpuPolicy | null = null;
  #context: { key: string; context: Promise<RunContext> } | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: BranchesParts) {
    this.#parts = parts;
  }

  branch(asked: AskedBranch): Promise<MadeBranch> {
    const made = this.#turn.then(() => this.#branch(asked));
    this.#turn = made.catch(() => {});
    return made;
  }

  /** Gives the cache back, once the branch under way has ended. */
  async end(): Promise<void> {
    await this.#turn;
    this.#policy?.free();
    this.#policy = null;
  }

  async #branch(asked: AskedBranch): Promise<MadeBranch> {
    const { gpu, model, tokenizer, view, ahead } = this.#parts;
    expectTokens(asked.rollout, model);
    const context = await this.#contextOf(branchConfig(asked.config));
    this.#policy ??= new GpuPolicy(gpu, model, { ahead, sizes: "roomy" });
    const { chat, source } = context;
    const pictures = async (task: Task) => source.pictures(task);
    return branchOf({ policy: this.#policy, chat, tokenizer, pictures, view: view() }, context, asked);
  }

  #contextOf(config: RunConfig): Promise<RunContext> {
    const key = JSON.stringify(config);
    if (this.#context?.key === key) return this.#context.context;
    const context = this.#parts.open(config);
    this.#context = { key, context };
    // A file that is not there now may be given later.
    context.catch(() => {
      this.#context = null;
    });
    return context;
  }
}
