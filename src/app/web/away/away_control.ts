import { effect, type Signal, signal } from "@preact/signals";
import { count, counted, figure, roughDuration } from "../labels/numbers.ts";
import type { Store } from "../run/store.ts";
import { type AwayChoices, keepChoices, keptChoices } from "./away_choices.ts";
import { keepOffline, type Offline } from "./offline.ts";
import { ofThisPage, type PageEnvironment } from "./page_environment.ts";
import { followTitle } from "./title.ts";

/** How the run went while the page was not seen. */
export interface HiddenTime {
  ms: number;
  steps: number;
  /** The browser stopped the page meanwhile, as far as it says. */
  frozen: boolean;
}

/** A run that made less than this share of the steps of before was held up by the browser, if it was hidden for a while. */
const heldUpShare = 0.25;
const aWhileMs = 30_000;

/** What happens while nobody looks at the page: the screen stays on, the end of a run is announced, the title shows the step. */
export class AwayControl {
  readonly choices: Signal<AwayChoices> = signal(keptChoices());
  /** Why a choice has no effect, in a sentence; null where it has. */
  readonly awakeProblem: Signal<string | null> = signal(null);
  readonly tellProblem: Signal<string | null> = signal(null);
  readonly isAwake: Signal<boolean> = signal(false);
  readonly offline: Signal<Offline> = signal({ state: "keeping" });
  /** The last time that the page was hidden during a run. */
  readonly hidden: Signal<HiddenTime | null> = signal(null);
  readonly environment: PageEnvironment;
  readonly #store: Store;
  #lock: Pick<WakeLockSentinel, "release"> | null = null;
  #locking = false;
  #leftAt: { ms: number; step: number; stepMs: number | null } | null = null;
  #frozen = false;

  constructor(store: Store, environment: PageEnvironment = ofThisPage()) {
    this.#store = store;
    this.environment = environment;
  }

  /** @returns ends it */
  begin(): () => void {
    const store = this.#store;
    if (this.environment.wasDiscarded)
      store.notices.add(
        "information",
        "The browser closed this tab while it was hidden, to free memory. A run that was under way is saved up to its last checkpoint; it is under Runs",
      );
    const ends = [
      followTitle(store),
      effect(() => void this.#keepAwake(this.choices.value.awake && isTraining(store))),
      this.#tellEnds(),
      this.environment.listen({
        visibility: () => this.#seenOrHidden(),
        freeze: () => {
          this.#frozen = true;
        },
      }),
    ];
    return () => {
      for (const end of ends) end();
      void this.#keepAwake(false);
    };
  }

  /** Once nothing else is fetched. */
  keepOffline(): Promise<void> {
    return keepOffline(
      (state) => {
        this.offline.value = state;
      },
      () =>
        this.#store.notices.add(
          "information",
          "There is a newer version of this page; reload when your run is saved or over. Until then this tab goes on as it is",
        ),
    );
  }

  /** @param change  one of the choices */
  async choose(change: Partial<AwayChoices>): Promise<void> {
    if (change.awake === false) this.awakeProblem.value = null;
    if (change.tells !== undefined) this.tellProblem.value = change.tells ? await this.#askToTell() : null;
    this.choices.value = { ...this.choices.value, ...change };
    keepChoices(this.choices.value);
  }

  /** Asked at the click, as browsers want it. */
  async #askToTell(): Promise<string | null> {
    const { notifications, engine } = this.environment;
    if (notifications === null)
      return engine.system === "ios"
        ? "Here only pages on the Home Screen may notify; add this one by Share, Add to Home Screen"
        : "This browser has no notifications for pages";
    const permission =
      notifications.permission() === "default" ? await notifications.ask() : notifications.permission();
    return permission === "granted"
      ? null
      : "The browser does not let this page notify; allow notifications in the settings of this site, beside the address";
  }

  async #keepAwake(wanted: boolean): Promise<void> {
    if (!wanted) {
      const lock = this.#lock;
      this.#lock = null;
      this.isAwake.value = false;
      return lock?.release();
    }
    if (this.#lock || this.#locking || this.environment.isHidden()) return;
    if (this.environment.requestWakeLock === null) {
      this.awakeProblem.value = "This browser cannot keep a screen on";
      return;
    }
    this.#locking = true;
    try {
      const lock = await this.environment.requestWakeLock();
      // Where the page is hidden the browser takes it back.
      lock.addEventListener("release", () => {
        if (this.#lock === lock) this.#lock = null;
        this.isAwake.value = this.#lock !== null;
      });
      this.#lock = lock;
      this.isAwake.value = true;
      this.awakeProblem.value = null;
    } catch (error) {
      this.awakeProblem.value = `The screen may go off: ${(error as Error).message}`;
    }
    this.#locking = false;
    if (!this.choices.peek().awake || !isTraining(this.#store)) await this.#keepAwake(false);
  }

  #tellEnds(): () => void {
    const store = this.#store;
    let announced: unknown = null;
    return effect(() => {
      const { end, step, updates, config } = store.live.value;
      const interrupted = store.interrupted.value;
      const what = interrupted ?? end;
      if (what === announced) return;
      announced = what;
      if (what === null || !this.choices.peek().tells || !this.environment.isHidden()) return;
      const accuracy = updates.at(-1)?.metrics.accuracy;
      const body = interrupted
        ? `${counted(interrupted.step, "step")} of ${count(interrupted.steps)}. ${interrupted.cause}`
        : `${counted(step, "step")}${accuracy === undefined ? "" : `, accuracy ${figure(accuracy)}`}`;
      const title = interrupted || end?.reason === "failed" ? "The run broke off" : "The run is done";
      void this.environment.notifications?.show(`${title}: ${config?.preset ?? "Saccade"}`, body).catch(() => {});
    });
  }

  #seenOrHidden(): void {
    const store = this.#store;
    // What was folded unseen counts.
    store.publish();
    const { step } = store.live.value;
    if (this.environment.isHidden()) {
      this.#frozen = false;
      this.#leftAt = isTraining(store) ? { ms: performance.now(), step, stepMs: store.stepMs.value } : null;
      return;
    }
    void this.#keepAwake(this.choices.value.awake && isTraining(store));
    const left = this.#leftAt;
    this.#leftAt = null;
    if (left === null || step < left.step) return;
    const ms = performance.now() - left.ms;
    const steps = step - left.step;
    this.hidden.value = { ms, steps, frozen: this.#frozen };
    const expected = left.stepMs === null ? 0 : ms / left.stepMs;
    const heldUp = isTraining(store) && ms > aWhileMs && steps < heldUpShare * expected;
    if (this.#frozen || heldUp)
      store.notices.add(
        "information",
        `The browser held this tab up while it was hidden: in ${roughDuration(ms)} the run made ${counted(steps, "step")}. It goes on now; keep the tab in sight, in a window of its own, to let it run`,
      );
  }
}

const isTraining = (store: Store): boolean => store.player.value === "playing" || store.warmup.value.running;
