import type { Rollout } from "../../agent/rollout.ts";
import { suppressed } from "../../agent/token_limits.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Model } from "../../model/model.ts";
import type { Chat } from "../../policy/chat.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import type { Task } from "../../tasks/task.ts";
import type { AttentionMaps } from "../../train/attention_maps.ts";
import type { ProbeParts } from "../../train/causal_zoom.ts";
import type { TokenMeasure } from "../../train/inspect.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { Learner } from "../../train/learner.ts";
import type { TrainingParts } from "../../train/run_parts.ts";
import type { Sight } from "../../train/sight.ts";
import type { ZoomWorth } from "../../train/zoom_worth.ts";
import type { PicturePool } from "./picture_pool.ts";
import { type AskedBranch, Branches, type MadeBranch } from "./rollout_branch.ts";
import { rolloutAttention, rolloutMeasures } from "./rollout_measures.ts";
import { type ProbedRollouts, type Remaking, rolloutSight, rolloutWorths } from "./rollout_worth.ts";
import type { RunContext } from "./run_context.ts";
import type { RolloutQuestions, Session } from "./session.ts";

/** What log-probabilities of rollouts under a configuration are asked with. */
export function probeParts(
  learner: Learner,
  { tokenizer, qwen }: { tokenizer: Tokenizer; qwen: Model },
  chat: Chat,
  config: RunConfig,
): ProbeParts {
  const settings = { temperature: config.temperature, suppressed: suppressed(chat, config) };
  return { learner, tokenizer, vision: qwen.config.vision, settings };
}

/** Of the session that is asked; functions give what it has at that time. */
interface AskedSession {
  gpu: Gpu;
  qwen: Model;
  tokenizer: Tokenizer;
  pool: PicturePool;
  /** Overlap.ahead */
  ahead: boolean;
  view(): TrainingParts["view"];
  context(): RunContext;
  open(config: RunConfig): Promise<RunContext>;
  /** Of a task of any run on this model. */
  pictures(task: Task, config: RunConfig): Promise<Pixels[]>;
  /** @throws TypeError where the other session is not on the same device */
  modelOf(other: Session): Model;
}

/** Asks a session's weights by a learner of its own: a run that is in the middle of an update has other settings. */
export class GpuRolloutQuestions implements RolloutQuestions {
  readonly #session: AskedSession;
  readonly #branches: Branches;
  /** Null before the first question. */
  #learner: Learner | null = null;

  constructor(session: AskedSession) {
    this.#session = session;
    const { gpu, qwen: model, tokenizer, ahead, view, open } = session;
    this.#branches = new Branches({ gpu, model, tokenizer, view, open, ahead });
  }

  async measures(
    rollout: Rollout,
    task: Task,
    config: RunConfig,
    other: Session | null = null,
  ): Promise<TokenMeasure[]> {
    const { gpu, qwen, pool, context, pictures, modelOf } = this.#session;
    const shown = { rollout, pictures: await pictures(task, config), config };
    return rolloutMeasures({ gpu, qwen, pool, other: other && modelOf(other) }, context(), shown);
  }

  worths(asked: ProbedRollouts): Promise<ZoomWorth[]> {
    return rolloutWorths(this.#probeParts(asked.config), this.#remaking(), asked);
  }

  sight(asked: Omit<ProbedRollouts, "other">): Promise<Sight | null> {
    return rolloutSight(this.#probeParts(asked.config), this.#remaking(), asked);
  }

  async attention(rollout: Rollout, task: Task, config: RunConfig, index: number): Promise<AttentionMaps> {
    const pictures = await this.#session.pictures(task, config);
    return rolloutAttention(this.#session, this.#session.context(), { rollout, pictures, config, index });
  }

  branch(asked: AskedBranch): Promise<MadeBranch> {
    return this.#branches.branch(asked);
  }

  /** What branches hold of the device's memory is given back: it belongs to a run while that moves. */
  endBranches(): Promise<void> {
    return this.#branches.end();
  }

  free(): void {
    void this.#branches.end();
    this.#learner?.free();
  }

  #probeParts(config: RunConfig): ProbeParts {
    const { gpu, qwen, context } = this.#session;
    this.#learner ??= new Learner(gpu, qwen, "policy");
    return probeParts(this.#learner, this.#session, context().chat, config);
  }

  #remaking(): Remaking {
    const { pool, qwen, context, pictures } = this.#session;
    return { pool, qwen, ownTools: context().ownTools, pictures };
  }
}
