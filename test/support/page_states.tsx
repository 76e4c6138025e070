import { render } from "preact";
import { page, userEvent } from "vitest/browser";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { makePage, type PageParts } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeDataFiles } from "./fake_data.ts";
import { FakeRun, fakeEvents } from "./fake_run.ts";
import { judgeFetch, judgePage } from "./judge_fetch.ts";
import { soon } from "./soon.ts";

const present = (selector: string): Promise<void> =>
  soon(() => {
    if (document.querySelector(selector)) return;
    const found = [...document.querySelectorAll(".notice, main")].map(({ textContent }) => textContent!.slice(0, 400));
    throw new Error(
      `${selector} is not there yet at ${scrollX}, ${scrollY} of ${innerWidth}; the page says: ${found.join(" | ")}`,
    );
  });

/** The cells of the step's groups: they are drawn near the window only, and stand below the charts. */
const presentCells = async (): Promise<void> => {
  await present(".groups");
  document.querySelector(".groups")!.scrollIntoView();
  await present(".group .cell");
};

/** Opens everything that can be opened, also what that shows. */
export async function unfoldAll(): Promise<void> {
  for (let closed = 1; closed > 0; ) {
    const found = [...document.querySelectorAll<HTMLDetailsElement>("details:not([open])")];
    closed = found.length;
    for (const one of found) one.open = true;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

const twoNotices = ({ store }: PageParts): void => {
  store.notices.add("error", "The file made.jsonl is no log: expected events, found a picture; choose another");
  store.notices.add("information", "The run is done: 4 steps", { action: { label: "Show", run: () => {} } });
  store.notices.add("information", "A third thing that a person should read");
};

const readStored = async ({ control }: PageParts): Promise<void> => {
  await control.openStored("mine");
  await presentCells();
  await present("aside .stage canvas");
};

const firstZoomed = ({ store }: PageParts): string =>
  store.steps.value
    .flatMap(({ groups }) => groups.flatMap((group) => group ?? []))
    .find(({ calls }) => calls.length > 0)!.id;

const showZoomed = async (parts: PageParts): Promise<void> => {
  await readStored(parts);
  parts.store.pinned.value = firstZoomed(parts);
  parts.store.tab.value = "step";
  await present(".crops figure");
};

/** What a person may see of the page, each with how to come there. */
export const pageStates: Readonly<Record<string, (parts: PageParts) => Promise<void>>> = {
  "before the first run": () => present(".intro-curve"),
  "without a GPU": async ({ store }) => {
    store.gpuProblem.value = "This browser has no WebGPU: take another one";
    await present(".notice.error");
  },
  "with notices": async (parts) => twoNotices(parts),
  "the words": async () => {
    await page.getByRole("button", { name: "Words and symbols of this page" }).click();
    await present("dialog.words");
  },
  "the presets": async () => {
    await page.getByRole("button", { name: "Other worlds…" }).click();
    await present("dialog.presets .preset-list canvas");
  },
  "a word's meaning": async () => {
    await page.getByRole("button", { name: "DeepEyes", exact: true }).click();
    await present(".balloon");
  },
  "all settings": async () => {
    await unfoldAll();
  },
  "a run under way": async ({ control, store }) => {
    store.changes.value = { preset: "needle", seed: 1, steps: 400, tasksPerStep: 2, rolloutsPerTask: 2 };
    await control.step();
    await presentCells();
    void control.toggle();
    await soon(() => {
      if (store.player.value !== "playing") throw new Error("The run is not under way yet");
    });
  },
  "after a run of this page": async ({ control, store }) => {
    store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 2, rolloutsPerTask: 2 };
    await control.open();
    await control.step();
    await presentCells();
  },
  "a stored run": readStored,
  "a stored run, unfolded": async (parts) => {
    await readStored(parts);
    await unfoldAll();
  },
  rollouts: async (parts) => {
    await readStored(parts);
    parts.store.tab.value = "rollouts";
    await present("main.rollouts .card");
    await unfoldAll();
  },
  "step through": async (parts) => {
    await showZoomed(parts);
    await unfoldAll();
  },
  "step through a hunt": async (parts) => {
    await parts.control.openStored("hunts");
    await present("aside .stage canvas");
    parts.store.pinned.value = firstZoomed(parts);
    parts.store.tab.value = "step";
    await present(".crops figure");
    await unfoldAll();
  },
  "tokens by entropy": async (parts) => {
    await showZoomed(parts);
    await page.getByLabelText("colour:").selectOptions("entropy");
  },
  "tokens by advantage": async (parts) => {
    await showZoomed(parts);
    await page.getByLabelText("colour:").selectOptions("advantage");
  },
  "a branch and its outcome": async (parts) => {
    await showZoomed(parts);
    await page.getByRole("button", { name: "What if it had looked here?" }).click();
    await present(".outcome b");
  },
  "the keys": async (parts) => {
    await readStored(parts);
    parts.store.tab.value = "step";
    await present(".crops figure");
    await userEvent.keyboard("?");
    await present("dialog");
  },
  compare: async (parts) => {
    await readStored(parts);
    parts.store.tab.value = "compare";
    await present("main.compare .card");
    await unfoldAll();
  },
  "an audited judge": async ({ store }) => {
    const judgeUrl = "http://127.0.0.1:18901/v1";
    store.changes.value = { preset: "needle", seed: 1, judge: "hardened", judgeUrl };
    await page.getByRole("button", { name: "Test connection" }).click();
    await page.getByRole("button", { name: "Audit", exact: true }).click();
    await present(".audit.after");
    await unfoldAll();
  },
  "a stored run judged again": async ({ store, rejudge }) => {
    store.tab.value = "runs";
    rejudge.show("mine");
    await present(".rejudge");
    await unfoldAll();
  },
  "a new sweep": async ({ store }) => {
    store.tab.value = "runs";
    await page.getByRole("button", { name: "New sweep…" }).click();
    await present("form.sweepform");
  },
  "saving a run": async (parts) => {
    await readStored(parts);
    await page.getByRole("button", { name: "Save the run… mine" }).click();
    await present("dialog[open] input[type=checkbox]");
  },
  "what if, over a run": async ({ control, store }) => {
    store.changes.value = { preset: "needle", seed: 1, steps: 9, tasksPerStep: 2, rolloutsPerTask: 2 };
    await control.step();
    await page.getByRole("button", { name: "no bonus for zooming" }).click();
    await present("dialog[open]");
  },
  runs: async ({ store }) => {
    store.tab.value = "runs";
    await present("main.runs table");
    await unfoldAll();
  },
  data: async ({ store }) => {
    store.tab.value = "data";
    await present("main.data .card");
    await unfoldAll();
  },
  learn: async ({ store }) => {
    store.tab.value = "learn";
    await present(".lesson");
  },
};

/** The page in a state, over a fake run. */
export async function showState(host: HTMLElement, name: string): Promise<PageParts> {
  const dropped = new DroppedFiles();
  await dropped.add(await fakeDataFiles());
  const fake = new FakeRun({
    dropped,
    productSeconds: 0.05,
    // Slow enough to be looked at while it is under way.
    delayMs: name === "a run under way" ? 20 : 0,
    judge: { fetch: judgeFetch(() => "ready"), page: judgePage(() => "ready") },
  });
  fake.store("mine", [
    ...fakeEvents(resolveConfig({ seed: 7, steps: 6, tasksPerStep: 3, rolloutsPerTask: 4, evalEvery: 2 })),
  ]);
  if (name === "step through a hunt")
    fake.store("hunts", [
      ...fakeEvents(resolveConfig({ preset: "hunt", seed: 7, steps: 1, tasksPerStep: 1, rolloutsPerTask: 4 })),
    ]);
  const parts = makePage(fake);
  render(<Page page={parts} />, host);
  await parts.control.open();
  await pageStates[name]!(parts);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return parts;
}
