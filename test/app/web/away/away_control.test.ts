import { beforeEach, describe, expect, test, vi } from "vitest";
import { AwayControl } from "../../../../src/app/web/away/away_control.ts";
import { hiddenTabWords, safariLimits } from "../../../../src/app/web/away/away_words.ts";
import type { PageEnvironment } from "../../../../src/app/web/away/page_environment.ts";
import { titleOf } from "../../../../src/app/web/away/title.ts";
import { Store } from "../../../../src/app/web/run/store.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import type { TrainEvent } from "../../../../src/train/events.ts";
import { fakeEvents } from "../../../support/fake_run.ts";

/** A browser that does as it is told, and notes what was asked of it. */
class FakeBrowser implements PageEnvironment {
  engine: PageEnvironment["engine"] = { name: "chromium", version: 150, system: "linux" };
  hidden = false;
  wasDiscarded = false;
  locks = 0;
  refusesLock = false;
  permission: NotificationPermission = "default";
  answers: NotificationPermission = "granted";
  readonly shown: string[] = [];
  #released: (() => void)[] = [];
  #on: { visibility(): void; freeze(): void } | null = null;

  readonly requestWakeLock: PageEnvironment["requestWakeLock"] = async () => {
    if (this.refusesLock) throw new Error("the battery is low");
    this.locks++;
    return {
      release: async () => {
        this.locks--;
      },
      addEventListener: (_: string, released: unknown) => void this.#released.push(released as () => void),
    };
  };

  notifications: PageEnvironment["notifications"] = {
    permission: () => this.permission,
    ask: async () => {
      this.permission = this.answers;
      return this.permission;
    },
    show: async (title, body) => void this.shown.push(`${title} | ${body}`),
  };

  isHidden = (): boolean => this.hidden;

  listen(on: { visibility(): void; freeze(): void }): () => void {
    this.#on = on;
    return () => {
      this.#on = null;
    };
  }

  /** As browsers do, it takes locks back where the page is hidden. */
  see(seen: boolean): void {
    this.hidden = !seen;
    if (!seen && this.locks > 0) {
      this.locks = 0;
      for (const released of this.#released.splice(0)) released();
    }
    this.#on?.visibility();
  }

  freeze(): void {
    this.#on?.freeze();
  }
}

const config = resolveConfig({ seed: 7, steps: 4 });
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

let store: Store;
let browser: FakeBrowser;
let away: AwayControl;
let events: TrainEvent[];
beforeEach(() => {
  vi.stubGlobal("document", { title: "" });
  store = new Store();
  browser = new FakeBrowser();
  away = new AwayControl(store, browser);
  events = [...fakeEvents(config)];
  return () => vi.unstubAllGlobals();
});

/** Folds the run's events up to an update of a step, or all of them. */
function receive(step = Number.POSITIVE_INFINITY): void {
  while (events.length > 0) {
    const event = events.shift()!;
    store.receive(event);
    if (event.type === "update" && event.step === step) break;
  }
  store.publish();
}

describe("the screen", () => {
  test("is kept on by choice, while a run is under way and the page is seen", async () => {
    const end = away.begin();
    store.player.value = "playing";
    await soon();
    expect(browser.locks).toBe(0);
    await away.choose({ awake: true });
    await soon();
    expect([browser.locks, away.isAwake.value]).toEqual([1, true]);
    browser.see(false);
    expect(away.isAwake.value).toBe(false);
    browser.see(true);
    await soon();
    expect(browser.locks).toBe(1);
    store.player.value = "paused";
    await soon();
    expect([browser.locks, away.isAwake.value]).toEqual([0, false]);
    store.player.value = "playing";
    await soon();
    end();
    await soon();
    expect(browser.locks).toBe(0);
  });

  test("a browser that cannot, or will not, says so", async () => {
    browser.refusesLock = true;
    const end = away.begin();
    await away.choose({ awake: true });
    store.player.value = "playing";
    await soon();
    expect(away.awakeProblem.value).toBe("The screen may go off: the battery is low");
    await away.choose({ awake: false });
    expect(away.awakeProblem.value).toBeNull();
    end();
  });
});

describe("the end of a run", () => {
  test("is told where the page is hidden and a person wants it, and only then", async () => {
    const end = away.begin();
    await away.choose({ tells: true });
    store.player.value = "playing";
    receive(2);
    browser.see(false);
    receive();
    await soon();
    expect(browser.shown).toEqual([expect.stringMatching(/^The run is done: needle \| 4 steps, accuracy [\d.]+$/)]);
    store.startOver();
    browser.see(true);
    events = [...fakeEvents(config)];
    receive();
    await soon();
    expect(browser.shown).toHaveLength(1);
    end();
  });

  test("that broke off is told with its cause", async () => {
    const end = away.begin();
    await away.choose({ tells: true });
    browser.see(false);
    receive(2);
    store.interrupted.value = { name: "a", step: 2, savedStep: 2, steps: 4, cause: "The device was lost" };
    await soon();
    expect(browser.shown).toEqual(["The run broke off: needle | 2 steps of 4. The device was lost"]);
    end();
  });

  test("without the permission the page says where it is given", async () => {
    browser.answers = "denied";
    await away.choose({ tells: true });
    expect(away.tellProblem.value).toContain("allow notifications in the settings of this site");
    browser.notifications = null;
    browser.engine = { name: "webkit", version: 26, system: "ios" };
    await away.choose({ tells: true });
    expect(away.tellProblem.value).toContain("Add to Home Screen");
  });
});

describe("a hidden tab", () => {
  test("its steps are counted, and a tab that was held up is told", () => {
    vi.useFakeTimers();
    const end = away.begin();
    const sentences = (): string[] => store.notices.list.value.map(({ sentence }) => sentence);
    store.player.value = "playing";
    receive(1);
    store.stepMs.value = 1000;
    browser.see(false);
    vi.advanceTimersByTime(2000);
    receive(3);
    browser.see(true);
    expect(away.hidden.value).toEqual({ ms: 2000, steps: 2, frozen: false });
    expect(sentences()).toEqual([]);

    browser.see(false);
    vi.advanceTimersByTime(600_000);
    browser.freeze();
    browser.see(true);
    expect(away.hidden.value).toMatchObject({ steps: 0, frozen: true });
    expect(sentences()).toEqual([
      expect.stringMatching(/^The browser held this tab up while it was hidden: in .*10.* the run made 0 steps/),
    ]);
    end();
    vi.useRealTimers();
  });

  test("one that the browser closed says where its run is", () => {
    browser.wasDiscarded = true;
    away.begin()();
    expect(store.notices.list.value[0]!.sentence).toContain("The browser closed this tab while it was hidden");
  });

  test("what each browser does is said, and what Safari lacks", () => {
    expect(hiddenTabWords({ name: "chromium", version: 150, system: "windows" }).join(" ")).toContain("energy saver");
    expect(hiddenTabWords({ name: "chromium", version: 150, system: "android" }).join(" ")).toContain("On a phone");
    expect(hiddenTabWords({ name: "firefox", version: 153, system: "linux" }).join(" ")).toContain("unload");
    expect(safariLimits({ name: "firefox", version: 153, system: "linux" })).toBeNull();
    expect(safariLimits({ name: "webkit", version: 26, system: "mac" })![0]).toContain("seven days");
    expect(safariLimits({ name: "webkit", version: 26, system: "ios" })!.join(" ")).toContain("1.5 GB");
  });
});

test("the title says the step first, and what became of the run", () => {
  expect(titleOf(store)).toBe("Saccade");
  store.tab.value = "runs";
  expect(titleOf(store)).toBe("Runs · Saccade");
  receive(2);
  store.player.value = "playing";
  expect(titleOf(store)).toBe("2/4 · Saccade");
  store.player.value = "paused";
  expect(titleOf(store)).toBe("2/4 paused · Saccade");
  receive();
  expect(titleOf(store)).toBe("✓ 4/4 done · Saccade");
  store.interrupted.value = { name: "a", step: 2, savedStep: 2, steps: 4, cause: "The device was lost" };
  expect(titleOf(store)).toBe("! stopped at 2 · Saccade");
});

test("the page's title follows, not faster than it can be read", async () => {
  vi.useFakeTimers();
  const page = { title: "Saccade" };
  vi.stubGlobal("document", page);
  const end = away.begin();
  store.player.value = "playing";
  receive(1);
  receive(2);
  expect(page.title).toBe("Saccade");
  vi.advanceTimersByTime(500);
  expect(page.title).toBe("2/4 · Saccade");
  end();
  receive();
  vi.advanceTimersByTime(1000);
  expect(page.title).toBe("2/4 · Saccade");
  vi.useRealTimers();
});
