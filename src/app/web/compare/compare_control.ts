import { type Signal, signal } from "@preact/signals";
import type { Rollout } from "../../../agent/rollout.ts";
import { elsewhereDefaults } from "../../../train/elsewhere_defaults.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { NamedGraphs } from "../../session/opened_graphs.ts";
import type { AnsweredBy, WeightsChoice } from "../../worker_api/asked_weights.ts";
import type { NamedServer } from "../../worker_api/roll_api.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import { count } from "../labels/numbers.ts";
import { holds } from "../run/lazy_groups.ts";
import type { Chosen, Store } from "../run/store.ts";
import { obstacleTo } from "../run/who_answers.ts";
import { outcomeOf, type Side, type SideWeights, sidesOfRun } from "./sides.ts";

/** A newest checkpoint is nearest to a step that no run reaches. */
const newest = 1_000_000_000;

/** Knobs of a rollout that can be tried on one case. */
export type CaseSettings = Partial<Pick<RunConfig, "temperature" | "seed" | "zoom" | "crop" | "maxToolCalls">>;

/** How likely what one side wrote is to the weights of the other, token by token in order. Natural logarithms. */
export interface Scored {
  logprobs: readonly number[];
  /** Whose weights those are, in words. */
  who: string;
}

/** Two rollouts of one task: what they are, and what was rolled here to compare with. Kept for the visit. */
export class CompareControl {
  /** Chosen by their ids; null: the rollout that is looked at, and the first other one. */
  readonly a: Signal<string | null> = signal(null);
  readonly b: Signal<string | null> = signal(null);
  readonly made: Signal<readonly Side[]> = signal([]);
  /** What is waited for, in words. */
  readonly asking: Signal<string | null> = signal(null);
  readonly problem: Signal<string | null> = signal(null);
  /** By the ids of the side that wrote and the one that was asked. */
  readonly scores: Signal<ReadonlyMap<string, Scored>> = signal(new Map());
  readonly server: Signal<NamedServer> = signal({ url: "", model: "", frame: null, toolForm: "text" });
  readonly graphs: Signal<NamedGraphs> = signal({ folder: "", dtype: "", device: "gpu" });
  /** How much of the graphs has been read; null while none are read. */
  readonly graphsRead: Signal<{ doneBytes: number; ofBytes: number } | null> = signal(null);
  readonly #api: RunApi;
  readonly #store: Store;
  #count = 0;
  #waitsForServer = false;

  constructor(api: RunApi, store: Store) {
    this.#api = api;
    this.#store = store;
  }

  /** All rollouts of the task that is looked at. */
  sides(chosen: Chosen): Side[] {
    const made = this.made.value.filter(({ task }) => task.id === chosen.task.id);
    const ofRun = sidesOfRun(chosen, this.#store).filter(({ id }) => made.every((side) => side.id !== id));
    return [...ofRun, ...made];
  }

  /** The two that are compared; the second is null where there is but one. */
  pair(chosen: Chosen): [a: Side | null, b: Side | null] {
    const sides = this.sides(chosen);
    const named = (id: string | null) => sides.find((side) => side.id === id);
    const a = named(this.a.value) ?? named(chosen.rollout.id) ?? sides[0] ?? null;
    const others = sides.filter(({ id }) => id !== a?.id);
    const different = others.find(({ rollout }) => rollout.answer !== a?.rollout.answer);
    return [a, named(this.b.value) ?? different ?? others[0] ?? null];
  }

  /** Why nothing can be rolled by weights here, in a sentence; null where it can. */
  get obstacle(): string | null {
    return obstacleTo(this.#store, this.#store.lookup.value?.pictures ?? null);
  }

  /** Whether a run is under way, whose current weights must not be asked to sample. */
  get underWay(): boolean {
    return this.#store.live.value.head !== null && this.#store.player.value !== "over";
  }

  /** The task once more by weights of the run, under the run's settings or others. The result becomes B. */
  async roll(
    chosen: Chosen,
    wanted: { weights: WeightsChoice; step: number; greedy: boolean; settings: CaseSettings },
  ): Promise<void> {
    await this.#while("the model here", async () => {
      const side = await this.#rollHere(chosen, wanted);
      this.b.value = side.id;
    });
  }

  /** A: by the weights at the start; B: by the last ones. Where a recording holds none, its own rollout is the one after. */
  async beforeAndAfter(chosen: Chosen): Promise<void> {
    const { replay } = this.#store;
    const how = { step: newest, greedy: true, settings: {} };
    await this.#while("the weights before and after training", async () => {
      const before = await this.#rollHere(chosen, { ...how, weights: "start", step: 0 });
      const recorded = replay.value !== null && replay.value.origin !== "stored";
      const weights = replay.value !== null || this.underWay ? "checkpoint" : "now";
      const after = recorded ? chosen.rollout.id : (await this.#rollHere(chosen, { ...how, weights })).id;
      this.a.value = before.id;
      this.b.value = after;
    });
  }

  /** The task by a model on a server. The result becomes B. */
  async rollElsewhere(chosen: Chosen, { greedy, key }: { greedy: boolean; key: string }): Promise<void> {
    const server = this.server.peek();
    await this.#while(`the server at ${server.url}`, async () => {
      const config = { ...this.#pictures(), ...elsewhereDefaults };
      const { origin } = await import("../../../connection/address.ts").then(({ readServerAddress }) =>
        readServerAddress(server.url, "policy"),
      );
      if (key !== "") await this.#api.judge.setKey(key, origin);
      this.#waitsForServer = true;
      const asked = { task: chosen.task, config, greedy, step: Math.max(0, chosen.step - 1), server };
      const { rollout, notices } = await this.#api.rollouts.rollElsewhere(asked);
      const label = rollout.elsewhere?.model ?? server.model;
      if (rollout.error !== undefined && !rollout.elsewhere) throw new Error(rollout.error);
      const side = this.#keep("elsewhere", rollout, { label, chosen, config, weights: null, notices });
      this.b.value = side.id;
    });
  }

  /**
   * The task by a model as ONNX graphs. The result becomes B.
   * @param described  under the settings that models elsewhere are asked with, whose prompts describe the tools
   */
  async rollByGraphs(chosen: Chosen, { greedy, described }: { greedy: boolean; described: boolean }): Promise<void> {
    const graphs = this.graphs.peek();
    await this.#while(`the graphs of ${graphs.folder}`, async () => {
      const config = { ...this.#pictures(), ...(described ? elsewhereDefaults : {}) };
      this.#waitsForServer = true;
      const asked = { task: chosen.task, config, greedy, step: Math.max(0, chosen.step - 1), graphs };
      const watch = setInterval(() => void this.#lookAtGraphs(), 500);
      try {
        const { rollout, notices } = await this.#api.rollouts.rollByGraphs(asked);
        if (rollout.error !== undefined && !rollout.elsewhere) throw new Error(rollout.error);
        const label = `${graphs.folder}, ${greedy ? "greedy" : `seed ${config.seed}`}`;
        const side = this.#keep("graphs", rollout, { label, chosen, config, weights: null, notices });
        this.b.value = side.id;
      } finally {
        clearInterval(watch);
        this.graphsRead.value = null;
      }
    });
  }

  async #lookAtGraphs(): Promise<void> {
    const read = await this.#api.rollouts.graphsLoading();
    if (this.asking.peek() !== null) this.graphsRead.value = read;
  }

  /** Rollouts of the same task in another stored run. The first of them becomes B. */
  async findIn(run: string, chosen: Chosen): Promise<void> {
    await this.#while(`the run ${run}`, async () => {
      const { events } = await this.#api.events(run);
      const head = events.find((event) => event.type === "run");
      let places: { step: number; taskIndex: number }[] = [];
      const found: { rollout: Rollout; step: number }[] = [];
      for (const event of events) {
        if (event.type === "tasks")
          places = [
            ...(event.more ? places : []),
            ...event.tasks.flatMap(({ id }, taskIndex) =>
              id === chosen.task.id ? [{ step: event.step, taskIndex }] : [],
            ),
          ];
        if (event.type === "group" && places.some((at) => at.step === event.step && at.taskIndex === event.taskIndex))
          found.push(...event.rollouts.map((rollout) => ({ rollout, step: event.step })));
      }
      if (!head || found.length === 0)
        throw new Error(
          `The run "${run}" never rolled this task: runs share tasks where their data and seed are the same; choose another run, or roll the task anew`,
        );
      const sides = found.map(({ rollout, step }) =>
        this.#keep(`run ${run}`, rollout, {
          label: `${run}, step ${step}, rollout ${rollout.rolloutIndex + 1}`,
          chosen,
          config: head.config,
          weights: { weights: "checkpoint", run, step: Math.max(0, step - 1) },
        }),
      );
      this.b.value = sides[0]!.id;
    });
  }

  /** How likely the text of one side is to the weights of the other. */
  async score(writer: Side, asked: Side): Promise<void> {
    const { weights } = asked;
    if (weights === null || writer.rollout.elsewhere) return;
    await this.#while("how likely the text is to the other weights", async () => {
      const { tokens, by } = await this.#api.rollouts.measures({
        rollout: { ...writer.rollout, step: weights.step + 1 },
        task: writer.task,
        config: { ...this.#pictures(), temperature: writer.config.temperature },
        ...weights,
      });
      const scored = { logprobs: tokens.map(({ logprob }) => logprob), who: whoIs(by, weights.step) };
      this.scores.value = new Map([...this.scores.peek(), [scoreKey(writer, asked), scored]]);
    });
  }

  /** The rollout of a side in the step view. */
  stepThrough({ rollout, task }: Side): void {
    const store = this.#store;
    const isOfRun = store.steps
      .peek()
      .some(({ groups }) =>
        groups.some((group) => group !== null && holds(group, rollout.id) && group.includes(rollout)),
      );
    if (!isOfRun) {
      const beside = store.beside.peek().filter((one) => one.rollout.id !== rollout.id);
      store.beside.value = [...beside, { rollout, task, siblings: [rollout], step: rollout.step }];
    }
    store.pinned.value = rollout.id;
    store.tab.value = "step";
  }

  /** Gives up waiting for a server, or for graphs. */
  async stop(): Promise<void> {
    if (this.#waitsForServer) await this.#api.rollouts.stopElsewhere();
  }

  async #rollHere(
    chosen: Chosen,
    {
      weights,
      step,
      greedy,
      settings,
    }: { weights: WeightsChoice; step: number; greedy: boolean; settings: CaseSettings },
  ): Promise<Side> {
    const config = { ...this.#pictures(), ...settings };
    const replay = this.#store.replay.peek();
    const run = replay?.origin === "stored" ? replay.name : replay === null ? this.#store.storedAs.peek() : null;
    const { rollout, by } = await this.#api.rollouts.roll({ task: chosen.task, config, greedy, step, weights, run });
    const label = [
      whoIs(by, this.#store.live.peek().step),
      greedy ? "greedy" : `seed ${config.seed}`,
      ...differing(settings),
    ];
    return this.#keep("here", rollout, {
      label: label.join(", "),
      chosen,
      config,
      weights: { weights, run, step: by.step ?? this.#store.live.peek().step },
    });
  }

  #keep(
    from: string,
    rollout: Rollout,
    about: {
      label: string;
      chosen: Chosen;
      config: RunConfig;
      weights: SideWeights | null;
      notices?: readonly string[];
    },
  ): Side {
    const id = `${from}·${++this.#count}`;
    const { label, chosen, config, weights, notices = [] } = about;
    const placed = { ...rollout, id, step: chosen.step, taskIndex: chosen.rollout.taskIndex };
    const side: Side = {
      id,
      label: `${label}: ${outcomeOf(rollout)}`,
      rollout: placed,
      task: chosen.task,
      config,
      weights,
      notices,
    };
    this.made.value = [...this.made.peek(), side];
    return side;
  }

  /** The configuration under which the shown run's pictures are made. */
  #pictures(): RunConfig {
    const config = this.#store.lookup.peek()?.pictures;
    if (!config) throw new Error("The pictures of this run are not here, which a model needs to see");
    return config;
  }

  /** One thing at a time; what fails leaves everything as it was. */
  async #while(what: string, work: () => Promise<void>): Promise<void> {
    if (this.asking.peek() !== null) return;
    this.asking.value = what;
    this.problem.value = null;
    try {
      await work();
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.#waitsForServer = false;
      this.asking.value = null;
    }
  }
}

export const scoreKey = (writer: Side, asked: Side): string => `${writer.id} ${asked.id}`;

function whoIs({ weights, step }: AnsweredBy, nowStep: number): string {
  if (weights === "start") return "before training";
  if (weights === "checkpoint") return `checkpoint of step ${count(step ?? 0)}`;
  return nowStep > 0 ? `after step ${count(nowStep)}` : "as the model was loaded";
}

/** Settings that were changed, in words. */
const differing = (settings: CaseSettings): string[] =>
  Object.entries(settings)
    .filter(([name, value]) => name !== "seed" && value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
