import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { RunApi } from "../../worker_api/run_api.ts";
import { foldAll, type RunState } from "../run/run_state.ts";
import type { Store } from "../run/store.ts";
import type { GroupName } from "./curve_groups.ts";
import { type CurveLayout, plainLayout, readLayout } from "./curve_layout.ts";
import { KeysSeen, type RunPoints, runPoints } from "./run_points.ts";

/** A stored run whose curves are drawn beside others. */
export interface OverlaidRun {
  name: string;
  state: RunState;
  points: RunPoints;
  /** All metrics that it has. */
  keys: ReadonlySet<string>;
}

/** How an address names a group of charts, among the panels that it opens. */
const panelOf = (group: GroupName): string => `curves${group}`;

const layoutKey = "saccade.curves";

/** How often runs that are not over are looked at again. */
const againMs = 5000;

/** How the charts are drawn, and the stored runs in them. */
export class CurvesControl {
  readonly layout: Signal<CurveLayout>;
  /** Steps that are shown, both included; null: all. */
  readonly window: Signal<readonly [number, number] | null> = signal(null);
  /** In the order in which they were chosen; those that are being read are missing. */
  readonly overlaid: ReadonlySignal<readonly OverlaidRun[]>;
  /** Names of those that are being read. */
  readonly reading: ReadonlySignal<readonly string[]>;
  readonly #api: RunApi;
  readonly #store: Store;
  readonly #read: Signal<ReadonlyMap<string, OverlaidRun>> = signal(new Map());
  readonly #asked = new Set<string>();
  readonly updateKeys = new KeysSeen();
  readonly heldOutKeys = new KeysSeen();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(api: RunApi, store: Store) {
    this.#api = api;
    this.#store = store;
    this.layout = signal(readLayout(storage()?.getItem(layoutKey) ?? null));
    this.overlaid = computed(() => {
      const own = store.replay.value?.origin === "stored" ? store.replay.value.name : null;
      const shown = own ?? (store.replay.value ? null : store.storedAs.value);
      // The shown run is drawn anyway.
      const names = store.overlaid.value.filter((name) => name !== shown);
      return names.flatMap((name) => this.#read.value.get(name) ?? []);
    });
    this.reading = computed(() => store.overlaid.value.filter((name) => !this.#read.value.has(name)));
    // Other runs have other steps.
    effect(() => {
      void store.runHead.value?.startedAt;
      this.window.value = null;
    });
    effect(() => {
      const wanted = store.overlaid.value;
      void this.#foldAll(wanted);
      this.#forget(wanted);
      this.#watch(wanted.length > 0);
    });
  }

  /** Changes what is stored of how the charts are drawn. */
  set(changes: Partial<CurveLayout>): void {
    this.layout.value = { ...this.layout.value, ...changes };
    try {
      if (this.layout.value === plainLayout) storage()?.removeItem(layoutKey);
      else storage()?.setItem(layoutKey, JSON.stringify(this.layout.value));
    } catch {
      // Full or forbidden: it lasts as long as the page.
    }
  }

  /** All as it comes, but for what groups are open. */
  reset(): void {
    this.set({ ...plainLayout, open: this.layout.value.open });
    this.window.value = null;
  }

  /** Adds a name to a list of the layout, or takes it out. */
  toggle(list: "hidden" | "logarithmic", id: string, on: boolean): void {
    const others = this.layout.value[list].filter((one) => one !== id);
    this.set({ [list]: on ? [...others, id] : others });
  }

  /** Whether a group is unfolded: as the address says, else as it was left, else as it comes. */
  isOpen(group: GroupName, atFirst: boolean): boolean {
    return this.#store.panels.value[panelOf(group)] ?? this.layout.value.open[group] ?? atFirst;
  }

  setOpen(group: GroupName, open: boolean, atFirst: boolean): void {
    if (this.isOpen(group, atFirst) === open) return;
    this.#store.panels.value = { ...this.#store.panels.value, [panelOf(group)]: open };
    this.set({ open: { ...this.layout.value.open, [group]: open } });
  }

  overlay(name: string, on: boolean): void {
    const others = this.#store.overlaid.value.filter((one) => one !== name);
    this.#store.overlaid.value = on ? [...others, name] : others;
  }

  /** Reads runs that are not read yet. Those that cannot be are left out, and named in one notice. */
  async #foldAll(names: readonly string[]): Promise<void> {
    const problems = (await Promise.all(names.map((name) => this.#fold(name)))).filter((problem) => problem !== null);
    if (problems.length === 0) return;
    const lost = problems.map(({ name }) => name);
    this.#store.overlaid.value = this.#store.overlaid.peek().filter((name) => !lost.includes(name));
    const [first] = problems;
    if (lost.length === 1) this.#store.notices.error(first!.error);
    else
      this.#store.notices.add(
        "error",
        `${lost.length} runs could not be read and are left out of the charts: ${namesOf(lost)}. Of the first: ${first!.error.message}`,
      );
  }

  /** What is wrong with a run that could not be read, else null. */
  async #fold(name: string): Promise<{ name: string; error: Error } | null> {
    if (this.#asked.has(name)) return null;
    this.#asked.add(name);
    try {
      const state = foldAll(await this.#api.curves(name));
      if (!this.#asked.has(name)) return null;
      const points = runPoints(state);
      const keys = new Set([...new KeysSeen().of(points.updates), ...new KeysSeen().of(points.heldOut)]);
      this.#read.value = new Map(this.#read.value).set(name, { name, state, points, keys });
      return null;
    } catch (error) {
      return { name, error: error as Error };
    }
  }

  #forget(wanted: readonly string[]): void {
    for (const name of this.#asked) if (!wanted.includes(name)) this.#asked.delete(name);
    const kept = [...this.#read.peek()].filter(([name]) => wanted.includes(name));
    if (kept.length < this.#read.peek().size) this.#read.value = new Map(kept);
  }

  /** Runs may go on: in this page, in another tab, or one after the other in a sweep. */
  #watch(any: boolean): void {
    if (any === (this.#timer !== null)) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = any ? setInterval(() => void this.#again(), againMs) : null;
  }

  async #again(): Promise<void> {
    const open = [...this.#read.value.values()].filter(({ state }) => state.end?.reason !== "done");
    if (open.length === 0 || document.hidden) return;
    const runs = await this.#api.runs().catch(() => []);
    for (const { name, state } of open) {
      const step = runs.find((run) => run.name === name)?.step;
      if (step === undefined || step === state.step) continue;
      this.#asked.delete(name);
      await this.#foldAll([name]);
    }
  }
}

const mostNames = 6;

const namesOf = (names: readonly string[]): string =>
  names
    .slice(0, mostNames)
    .map((name) => `"${name}"`)
    .concat(names.length > mostNames ? [`and ${names.length - mostNames} more`] : [])
    .join(", ");

/** Storage may be forbidden (private windows, embedded pages). */
function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
