import { effect, type Signal, signal } from "@preact/signals";
import type { GivenResult } from "../../../agent/branch_result.ts";
import type { Intervention } from "../../../agent/branch_start.ts";
import type { AskedWeights } from "../../worker_api/asked_weights.ts";
import { type Branch, type BranchApi, branchNumber, rootOf } from "../../worker_api/branch_api.ts";
import { modelName } from "../labels/model_name.ts";
import { shortened } from "../labels/numbers.ts";
import type { Chosen, Store } from "./store.ts";

/** How a branch goes on behind what was changed. */
export type GoingOn =
  /** The likeliest token each time. */
  | "greedy"
  /** With the numbers that the rollout was sampled with. */
  | "same"
  /** With others. */
  | "seed";

/** What is changed: another box, another result of a tool, no tool, typed text, another question. */
export type ChangeKind = "box" | "result" | "deny" | "text" | "question";

/** Branches of the shown run: loads, makes and removes them. */
export class BranchControl {
  /** What was chosen last stays from rollout to rollout. */
  readonly kind: Signal<ChangeKind> = signal("box");
  readonly result: Signal<GivenResult["kind"]> = signal("blank");
  readonly goingOn: Signal<GoingOn> = signal("greedy");
  readonly seed: Signal<number> = signal(1);
  /** One is being made. */
  readonly making: Signal<boolean> = signal(false);
  /** Why the last one could not be made. */
  readonly problem: Signal<string | null> = signal(null);
  /** The last one that was made in this visit. */
  readonly latest: Signal<Branch | null> = signal(null);
  /** The tree whose branches have been looked up. */
  readonly #loaded: Signal<string | null> = signal(null);
  readonly #api: BranchApi;
  readonly #store: Store;

  constructor(api: BranchApi, store: Store) {
    this.#api = api;
    this.#store = store;
    effect(() => void this.#load(store.tree.value));
    effect(() => this.#sayMissing());
  }

  /** Why no branch can be made of what is shown; null where one can. */
  obstacle(): string | null {
    const store = this.#store;
    const { model } = store.runHead.value ?? {};
    const opened = store.opened.value;
    if (store.gpuProblem.value !== null) return "Something else can be tried where there is WebGPU";
    if (opened === null) return "Something else can be tried once the model is open";
    if (store.warmup.value.running) return "Something else can be tried once the warm-up is over";
    if (model && opened.model.name !== model.name)
      return `Something else can be tried with the model of this run, ${modelName(model.name)}; ${modelName(opened.model.name)} is open`;
    if (!store.lookup.value?.pictures) return "Something else can be tried once the rollout’s pictures are there";
    return null;
  }

  /** Whose weights answer, for people. */
  weights({ weights = "now" }: AskedWeights): string {
    const store = this.#store;
    if (weights === "start") return "by the weights at the start of the run";
    if (weights === "checkpoint") return "by the checkpoint nearest to its step";
    if (store.live.value.head === null) return "by the model at the start of the run, not its trained weights";
    const { step } = store.live.value;
    return store.replay.value
      ? `by the run in this tab after step ${step}, not the recorded one`
      : `by the weights after step ${step}`;
  }

  /** Makes a branch by these weights; null where that failed, and `problem` says why. */
  async make(
    { rollout, task, branch }: Chosen,
    what: Intervention,
    weights: AskedWeights = {},
  ): Promise<Branch | null> {
    const of = branch ?? null;
    const store = this.#store;
    const config = store.lookup.value?.pictures;
    const tree = store.tree.value;
    if (this.making.value || !config || tree === null) return null;
    this.making.value = true;
    this.problem.value = null;
    try {
      const how = this.goingOn.value;
      const seed = how === "seed" ? this.seed.value : null;
      const asked = { rollout, task, config, what, seed, greedy: how === "greedy", of, tree, ...weights };
      const { branch: made, notKept } = await this.#api.branch(asked);
      if (notKept !== null) store.notices.add("error", notKept);
      if (store.tree.value === tree) store.branches.value = [...store.branches.value, made];
      this.latest.value = made;
      return made;
    } catch (error) {
      this.problem.value = (error as Error).message;
      return null;
    } finally {
      this.making.value = false;
    }
  }

  /** Removes a branch and those that left it; who looks at one of them looks at what it left. */
  async remove(branch: Branch): Promise<void> {
    const store = this.#store;
    const gone = new Set([branch.id]);
    for (const one of store.branches.value) if (gone.has(one.parent)) gone.add(one.id);
    try {
      await this.#api.removeBranches(branch.tree, [...gone]);
      if (store.pinned.value !== null && gone.has(store.pinned.value)) store.pinned.value = branch.parent;
      store.branches.value = store.branches.value.filter(({ id }) => !gone.has(id));
      if (this.latest.value && gone.has(this.latest.value.id)) this.latest.value = null;
    } catch (error) {
      store.notices.error(error);
    }
  }

  async #load(tree: string | null): Promise<void> {
    const { branches, notices } = this.#store;
    branches.value = [];
    this.#loaded.value = null;
    this.latest.value = null;
    this.problem.value = null;
    if (tree === null) return;
    try {
      const kept = await this.#api.branches(tree);
      // Those that were made meanwhile stand behind them.
      const known = new Set(kept.map(({ id }) => id));
      if (this.#store.tree.value === tree)
        branches.value = [...kept, ...branches.value.filter(({ id }) => !known.has(id))];
    } catch (error) {
      notices.error(error);
    }
    if (this.#store.tree.value === tree) this.#loaded.value = tree;
  }

  /** A link may name a branch that another browser keeps. */
  #sayMissing(): void {
    const { branches, pinned, notices, tree } = this.#store;
    const id = pinned.value;
    if (tree.value === null || this.#loaded.value !== tree.value) return;
    if (id === null || rootOf(id) === id || branches.value.some((branch) => branch.id === id)) return;
    pinned.value = rootOf(id);
    const number = branchNumber(id);
    notices.add(
      "information",
      number === null
        ? `There is no branch ${shortened(id, 40)}; the rollout ${rootOf(id)} is shown`
        : `Branch ${number} of this rollout is kept in the browser that made it; the original rollout is shown. Save it there as HTML to share it`,
      { about: "shown run" },
    );
  }
}
