import { type Signal, signal } from "@preact/signals";
import { resolveConfig } from "../../../train/config.ts";
import { noSummary, type RunSummary, resultOf, withEvent } from "../../run/run_summary.ts";
import { sideBySide } from "../../sweep/side_by_side.ts";
import { runsOf, type Sweep } from "../../sweep/sweep_plan.ts";
import type { SweepRun } from "../../sweep/sweep_table.ts";
import type { StoredSweep } from "../../worker_api/records_api.ts";
import type { RunApi, StoredRun } from "../../worker_api/run_api.ts";
import { counted } from "../labels/numbers.ts";
import type { BesideWorker, PageContext } from "../run/page_context.ts";

/** A sweep under way in this page: how far its runs are by their places. */
export interface UnderWay {
  id: string;
  /** The step of each run that is being made, and why one could not be. */
  now: ReadonlyMap<number, { step: number; summary: RunSummary } | { problem: string }>;
  stopping: boolean;
}

/** A worker that makes runs one after the other. */
interface Lane extends BesideWorker {
  /** Rejects where it breaks down outside a call. */
  broken: Promise<never>;
}

/** Sweeps of a page: made by workers beside that of the page, so that the page's own run goes on or waits as it is. */
export class SweepControl {
  /** Newest first. */
  readonly kept: Signal<readonly StoredSweep[]> = signal([]);
  readonly underWay: Signal<UnderWay | null> = signal(null);
  /** Counts runs that began or ended, so that lists of them are read again. */
  readonly changed: Signal<number> = signal(0);
  readonly #page: Pick<PageContext, "store" | "control" | "openBeside">;

  constructor(page: Pick<PageContext, "store" | "control" | "openBeside">) {
    this.#page = page;
  }

  /** Reads the kept sweeps. */
  async read(): Promise<void> {
    await this.#tried(async () => {
      this.kept.value = await this.#page.control.api.records.sweeps();
    });
  }

  /** Begins a sweep. Resolves when it is over. */
  async start(sweep: Sweep, beside: number): Promise<void> {
    const startedAt = new Date().toISOString();
    const id = `${startedAt} ${Math.random().toString(36).slice(2, 10)}`;
    await this.goOn({ id, startedAt, sweep, runs: runsOf(sweep).map(() => null) }, beside);
  }

  /** Makes the runs that a sweep lacks. Resolves when it is over. */
  async goOn(stored: StoredSweep, beside: number): Promise<void> {
    if (this.underWay.peek() !== null) return;
    this.underWay.value = { id: stored.id, now: new Map(), stopping: false };
    await this.#tried(() => this.#run(stored, beside));
    this.underWay.value = null;
    await this.read();
    this.changed.value++;
  }

  /** Saves and ends the runs under way; the sweep can be gone on with. */
  stop(): void {
    const { value } = this.underWay;
    if (value) this.underWay.value = { ...value, stopping: true };
  }

  async forget(id: string): Promise<void> {
    await this.#tried(() => this.#page.control.api.records.removeSweep(id));
    await this.read();
  }

  async #run(stored: StoredSweep, beside: number): Promise<void> {
    const { control, store } = this.#page;
    const { records } = control.api;
    const settings = runsOf(stored.sweep);
    const known = new Map((await control.api.runs()).map((run) => [run.name, run]));
    const names = [...stored.runs];
    const waiting = settings.flatMap((run, i) =>
      isDone(known.get(names[i] ?? ""), resolveConfig(run).steps) ? [] : [i],
    );
    const keep = (): Promise<void> => records.keepSweep({ ...stored, runs: [...names] });
    await keep();
    await this.read();
    const lanes = new Map<number, Lane>();
    const failed: string[] = [];
    const one = async (place: number, lane: number): Promise<void> => {
      const i = waiting[place]!;
      try {
        const worker = lanes.get(lane) ?? (await this.#openLane());
        lanes.set(lane, worker);
        const before = known.get(names[i] ?? "");
        const make = async (): Promise<void> => {
          if (before) await worker.api.resume(before.name);
          else {
            names[i] = await worker.api.start(resolveConfig(settings[i]!));
            await keep();
          }
          this.#begun(stored.id, names);
          await this.#follow(worker.api, i, before?.summary ?? noSummary);
        };
        await Promise.race([make(), worker.broken]);
      } catch (error) {
        const problem = (error as Error).message;
        failed.push(problem);
        this.#note(i, { problem });
        // Its device may be gone; the next run opens another.
        lanes.get(lane)?.close();
        lanes.delete(lane);
      }
      this.changed.value++;
    };
    try {
      await sideBySide(waiting.length, beside, one, () => this.underWay.peek()?.stopping ?? true);
    } finally {
      for (const lane of lanes.values()) lane.close();
    }
    if (failed.length > 0)
      store.notices.add("error", `${counted(failed.length, "run")} of the sweep could not be made: ${failed[0]}`);
    else if (!this.underWay.peek()?.stopping)
      store.notices.add("information", `The sweep is done: ${counted(settings.length, "run")}, in a table under Runs`);
  }

  async #openLane(): Promise<Lane> {
    let fail: (error: Error) => void = () => {};
    const broken = new Promise<never>((_, reject) => {
      fail = reject;
    });
    // Where it breaks down between two runs, the next one says so.
    broken.catch(() => {});
    return { ...(await this.#page.openBeside((error) => fail(error))), broken };
  }

  /** Pulls a run until it is over or stopped. */
  async #follow(api: RunApi, i: number, made: RunSummary): Promise<void> {
    let summary = made;
    for (;;) {
      const isStopping = this.underWay.peek()?.stopping ?? true;
      const events = await api.nextCurveEvents(isStopping ? "settled" : "frame");
      if (events === null) {
        if (summary.end === null) throw new Error("The run broke off without saying why; go on with the sweep");
        // What could not be stored on its way is now, or is said: the next run takes its place.
        await api.save();
        return;
      }
      const before = summary;
      for (const event of events) {
        summary = withEvent(summary, event);
        if (event.type === "end" && event.reason === "failed") throw new Error(event.message ?? "The run failed");
      }
      if (summary.step !== before.step || summary.evaluated !== before.evaluated || before.device === "")
        this.#note(i, { step: summary.step, summary });
      if (isStopping) return api.stop();
    }
  }

  #begun(id: string, names: readonly (string | null)[]): void {
    this.kept.value = this.kept.peek().map((one) => (one.id === id ? { ...one, runs: [...names] } : one));
    this.changed.value++;
  }

  #note(i: number, now: { step: number; summary: RunSummary } | { problem: string }): void {
    const { value } = this.underWay;
    if (value) this.underWay.value = { ...value, now: new Map([...value.now, [i, now]]) };
  }

  async #tried(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#page.store.notices.error(error);
    }
  }
}

/** All its steps are made, and its weights are stored. */
const isDone = (run: StoredRun | undefined, steps: number): boolean => run !== undefined && run.savedStep >= steps;

/** Where the runs of a sweep stand. @param runs  those that are stored */
export function standings(stored: StoredSweep, runs: readonly StoredRun[], underWay: UnderWay | null): SweepRun[] {
  const known = new Map(runs.map((run) => [run.name, run]));
  const now = underWay?.id === stored.id ? underWay.now : new Map<number, never>();
  return runsOf(stored.sweep).map((changes, i): SweepRun => {
    const { steps } = resolveConfig(changes);
    const name = stored.runs[i] ?? null;
    const run = name === null ? undefined : known.get(name);
    const live = now.get(i);
    const problem = live && "problem" in live ? { problem: live.problem } : {};
    const summary = live && "summary" in live ? live.summary : run?.summary;
    const step = summary?.step ?? run?.step ?? 0;
    const result = summary && step > 0 ? resultOf(summary) : null;
    const state = live
      ? "problem" in live
        ? "failed"
        : step >= steps
          ? "done"
          : "running"
      : name === null
        ? "waiting"
        : !run
          ? "removed"
          : isDone(run, steps)
            ? "done"
            : "stopped";
    return { name, state, step, steps, result, ...problem };
  });
}

const controls = new WeakMap<PageContext["control"], SweepControl>();

/** The one of a page: it outlives the view. */
export function sweepsOf(page: PageContext): SweepControl {
  const found = controls.get(page.control) ?? new SweepControl(page);
  controls.set(page.control, found);
  return found;
}
