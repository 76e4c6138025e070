import { sameAdapter } from "../../../train/adapter_settings.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { Session } from "../../session/session.ts";
import type { AnsweredBy, AskedWeights, WeightsChoice } from "../../worker_api/asked_weights.ts";

/** What is on the GPU. */
export interface OpenedModel {
  session: Session;
  /** The configuration that it was opened with. */
  config: RunConfig;
}

/** Who is asked about a rollout of which run. */
export type AskedOfRun = AskedWeights & { config: RunConfig; rollout: { step: number } };

/** Weights that answer. */
export interface Answering {
  session: Session;
  by: AnsweredBy;
}

/** A question is about the weights of a run as they are, and two others at most. */
const mostBeside = 2;

/**
 * The weights that questions are put to: those of the open session, or others in sessions beside it, which are kept
 * until others are wanted or the model is closed. Questions wait for each other, so that none loses its session.
 */
export class WeightsBeside {
  readonly #opened: () => OpenedModel;
  /** The one that was asked last at the end. */
  #kept: { of: Session; key: string; beside: Session }[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  /** @param opened  what is open; throws one sentence where nothing is */
  constructor(opened: () => OpenedModel) {
    this.#opened = opened;
  }

  /**
   * Puts a question to the wanted weights.
   * @throws Error in one sentence where there are none, or none that fit beside those that are open
   */
  ask<T>(asked: AskedOfRun, work: (session: Session, by: AnsweredBy) => Promise<T>): Promise<T> {
    return this.askSeveral(asked, async (find) => {
      const { session, by } = await find(asked.weights ?? "now");
      return work(session, by);
    });
  }

  /** A question to up to three sets of weights. @param work  gets what finds them, which throws as `ask` does */
  askSeveral<T>(
    asked: AskedOfRun,
    work: (find: (weights: WeightsChoice) => Promise<Answering>) => Promise<T>,
  ): Promise<T> {
    const answer = this.#turn.then(() => work((weights) => this.#find({ ...asked, weights })));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** To be called before the session is closed that they stand beside. */
  close(): void {
    for (const { beside } of this.#kept) beside.close();
    this.#kept = [];
  }

  async #find({ weights = "now", ...asked }: AskedOfRun): Promise<Answering> {
    const opened = this.#opened();
    if (weights === "now") return { session: opened.session, by: { weights, step: null } };
    expectOfModel(asked.config, opened);
    const at = weights === "start" ? null : await nearestCheckpoint(asked);
    return { session: await this.#beside(opened.session, at), by: { weights, step: at?.step ?? 0 } };
  }

  /** A session with the weights of a checkpoint, or those at the start of a run. */
  async #beside(of: Session, at: { run: string; step: number } | null): Promise<Session> {
    const key = JSON.stringify(at);
    const found = this.#kept.find((one) => one.of === of && one.key === key);
    if (found) {
      this.#kept = [...this.#kept.filter((one) => one !== found), found];
      return found.beside;
    }
    while (this.#kept.length >= mostBeside) this.#kept.shift()?.beside.close();
    const files = at && (await (await import("./run_weights.ts")).keptWeights(at.run, at.step));
    if (at && !files) throw new Error(`The checkpoint of step ${at.step} of the run "${at.run}" is gone; ask again`);
    const beside = await of.beside();
    try {
      if (files) await beside.restore(files);
      // The model may have been closed meanwhile.
      if (this.#opened().session !== of) throw new Error("Another model was opened meanwhile; ask again");
    } catch (error) {
      beside.close();
      throw error;
    }
    this.#kept.push({ of, key, beside });
    return beside;
  }
}

function expectOfModel(config: RunConfig, { session, config: opened }: OpenedModel): void {
  if (config.model !== session.model.name)
    throw new Error(
      `This run trained ${config.model || "a model that is not here"}, and ${session.model.name} is open; open its model first`,
    );
  if (!sameAdapter(config, opened))
    throw new Error(
      "This run trained other weights of the model than those that are open (loraRank, loraAlpha, loraTargets or adapter differ); take its settings and open the model anew",
    );
}

/** The weights that wrote a rollout have a step less behind them than the one it belongs to. */
async function nearestCheckpoint({ run, rollout }: AskedOfRun): Promise<{ run: string; step: number }> {
  if (!run)
    throw new Error("The run of this rollout is not stored in this browser, so that there is no checkpoint of it");
  const { keptSteps } = await import("./run_weights.ts");
  const [first, ...others] = await keptSteps(run);
  if (first === undefined) throw new Error(`The run "${run}" has no checkpoint yet; it is saved when it is paused`);
  const distance = (step: number) => Math.abs(step - (rollout.step - 1));
  return { run, step: others.reduce((best, step) => (distance(step) < distance(best) ? step : best), first) };
}
