import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage, type PageParts } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
beforeEach(async () => {
  localStorage.removeItem("saccade.curves");
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
  localStorage.removeItem("saccade.curves");
  vi.restoreAllMocks();
});

const eventsOf = (changes: Partial<RunConfig>): TrainEvent[] => [
  ...fakeEvents(resolveConfig({ steps: 20, evalEvery: 5, tasksPerStep: 4, ...changes })),
];

/** A page over stored runs, the first of which is shown. */
async function opened(runs: Record<string, TrainEvent[]>, show = true): Promise<PageParts> {
  const fake = new FakeRun();
  for (const [name, events] of Object.entries(runs)) fake.store(name, events);
  const context = makePage(fake);
  context.store.gpuProblem.value = "There is none";
  render(<Page page={context} />, host);
  if (show) await context.control.openStored(Object.keys(runs)[0]!);
  return context;
}

const changed = (): TrainEvent[] =>
  eventsOf({}).flatMap((event): TrainEvent[] =>
    event.type === "tasks" && event.step === 9
      ? [{ type: "config", step: 9, changes: { temperature: 0.5 } }, event]
      : [event],
  );
const seeds = {
  "seed 0": eventsOf({ seed: 0 }),
  "seed 1": eventsOf({ seed: 1 }),
  "no bonus": eventsOf({ seed: 1, bonus: "none" }),
};

const chart = (title: string) => page.getByRole("img", { name: new RegExp(`^${title} over steps, \\d+ points`) });
const titles = (): (string | null)[] => [...host.querySelectorAll(".plot h3")].map((title) => title.textContent);
const textOf = (selector: string): string => host.querySelector(selector)?.textContent ?? "";
/** A fold by its bold name. */
const unfold = (name: string) => page.getByRole("region", { name: "Curves" }).getByText(name, { exact: true }).click();
const faults = async (): Promise<string[]> => {
  const { violations } = await axe.run(host.querySelector(".curves")!, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
};

describe("the charts of a run", () => {
  test("are in groups: what comes out is open, the others say their numbers and open", async () => {
    await opened({ run: changed() });
    await expect.element(chart("accuracy")).toBeVisible();
    expect(textOf(".curves")).toMatch(/Learning.*loss .*KL, nats .*clip fraction .*gradient norm/);
    expect(titles()).not.toContain("loss");
    await unfold("Learning");
    for (const title of [
      "loss",
      "KL, nats",
      "clip fraction",
      "gradient norm",
      "learning rate",
      "groups without variance",
    ])
      await expect.element(chart(title)).toBeVisible();
    await unfold("Use of the tool");
    await unfold("Rollouts");
    for (const title of ["calls per rollout", "tool failures", "stop reasons"])
      await expect.element(chart(title)).toBeVisible();
    expect(await faults()).toEqual([]);
  });

  test("together draw every metric that is logged", async () => {
    const context = await opened({
      run: [...changed()].map((event) =>
        event.type === "update" ? { ...event, metrics: { ...event.metrics, "actor/my own": event.step } } : event,
      ),
    });
    for (const name of [
      "Use of the tool",
      "Learning",
      "Rollouts",
      "Held-out tasks",
      "Time and memory",
      "All other metrics",
    ])
      await unfold(name);
    await expect.element(chart("actor/my own")).toBeVisible();
    const drawn = new Set(titles());
    expect(drawn).toContain("held-out accuracy");
    expect(drawn).toContain("seconds per step");
    expect(context.store.updates.value).toHaveLength(20);
  });

  test("have marks with a legend that says what was changed", async () => {
    await opened({ run: changed() });
    await expect.element(page.getByText("settings changed")).toBeVisible();
    await expect.element(page.getByText("evaluation on held-out tasks")).toBeVisible();
    await page.getByText("settings changed").click();
    expect(textOf("details.marks")).toContain("step 9 temperature 1 → 0.5");
  });

  test("are smoothed, have a log axis and a table, and this is kept", async () => {
    const context = await opened({ run: changed() });
    await expect.element(chart("box IoU")).toBeVisible();
    await page.getByLabelText("Smoothing").fill("0.8");
    expect(context.curves.layout.value.smoothing).toBe(0.8);
    await expect.element(page.getByText("0.80", { exact: true })).toBeVisible();
    const card = host.querySelector<HTMLElement>('[data-curve="iou"]')!;
    card.querySelector<HTMLElement>("summary")!.click();
    await soon(() => expect(card.querySelectorAll("tbody tr")).toHaveLength(20));
    await page.getByLabelText("log axis for box IoU").click();
    await soon(() => expect(card.querySelector("h3")!.textContent).toBe("box IoUlog axis"));
    expect(await faults()).toEqual([]);
    const stored = JSON.parse(localStorage.getItem("saccade.curves")!);
    expect(stored).toMatchObject({ smoothing: 0.8, logarithmic: ["iou"] });
    expect(makePage(new FakeRun()).curves.layout.value).toMatchObject({ smoothing: 0.8, logarithmic: ["iou"] });
  });

  test("are chosen, ordered, moved to another group, put together, and as they were again", async () => {
    const context = await opened({ run: changed() });
    await page.getByRole("button", { name: "Choose charts" }).click();
    await page.getByRole("checkbox", { name: "zoom rate", exact: true }).click();
    await soon(() => expect(titles()).not.toContain("zoom rate"));
    await page.getByRole("button", { name: "box IoU: up" }).click();
    await soon(() => expect(titles().slice(0, 3)).toEqual(["accuracy", "box IoU", "reward by part"]));
    await page.getByRole("combobox", { name: "Group of gradient norm" }).selectOptions("outcome");
    await soon(() => expect(titles()).toContain("gradient norm"));
    await page.getByRole("combobox", { name: "Metric for the new chart" }).selectOptions("loss");
    await page.getByRole("combobox", { name: "Metric for the new chart" }).selectOptions("reward");
    await page.getByRole("textbox", { name: "Title of the new chart" }).fill("both");
    await page.getByRole("button", { name: "Add the chart" }).click();
    await expect.element(chart("both")).toBeVisible();
    await page.getByRole("searchbox", { name: "Find charts by words" }).fill("gradient norm");
    await soon(() => expect(host.querySelectorAll(".chooser li")).toHaveLength(1));
    expect(await faults()).toEqual([]);
    await page.getByRole("button", { name: "Reset to defaults" }).click();
    await soon(() => expect(titles().slice(0, 3)).toEqual(["accuracy", "zoom rate", "reward by part"]));
    expect(titles()).not.toContain("both");
    expect(context.curves.layout.value.own).toEqual([]);
  });

  test("show some steps alone, by dragging or by numbers", async () => {
    const context = await opened({ run: changed() });
    await expect.element(chart("accuracy")).toBeVisible();
    await page.getByRole("button", { name: "Choose charts" }).click();
    await page.getByRole("textbox", { name: "First step that is shown" }).fill("5");
    await page.getByRole("textbox", { name: "Last step that is shown" }).fill("8");
    await userEvent.keyboard("{Enter}{Tab}");
    await expect.element(page.getByRole("img", { name: "accuracy over steps, 4 points" })).toBeVisible();
    await page.getByRole("textbox", { name: "Last step that is shown" }).fill("3");
    await userEvent.keyboard("{Enter}{Tab}");
    await expect
      .element(page.getByText(/Steps are whole numbers, the first below the last; found 5 to 3/))
      .toBeVisible();
    expect(context.curves.window.value).toEqual([5, 8]);
    await page.getByRole("button", { name: "Show all" }).click();
    await expect.element(page.getByRole("img", { name: "accuracy over steps, 20 points" })).toBeVisible();
  });
});

describe("runs laid over one another", () => {
  test("have a legend that says in what they differ; seeds of one setting are a mean and a band", async () => {
    const context = await opened(seeds);
    await expect.element(chart("accuracy")).toBeVisible();
    await page.getByRole("button", { name: "Add runs" }).click();
    await page.getByRole("checkbox", { name: /^seed 1/ }).click();
    await page.getByRole("checkbox", { name: /^no bonus/ }).click();
    const names = () => [...host.querySelectorAll(".overlay-legend .name")].map((name) => name.textContent);
    await soon(() =>
      expect(names()).toEqual([
        "this run: bonus conditional, seed 0",
        "bonus conditional, seed 1",
        "bonus none, seed 1",
      ]),
    );
    await page.getByLabelText("Seeds of one setting").selectOptions("deviation");
    await soon(() => expect(names()).toEqual(["bonus conditional, 2 seeds", "bonus none, 1 seed"]));
    const card = host.querySelector<HTMLElement>('[data-curve="accuracy"]')!;
    card.querySelector<HTMLElement>("summary")!.click();
    await soon(() =>
      expect([...card.querySelectorAll("thead th")].map((cell) => cell.textContent)).toEqual([
        "step",
        "bonus conditional, 2 seeds: mean − deviation",
        "bonus conditional, 2 seeds: mean + deviation",
        "bonus conditional, 2 seeds: mean",
        "bonus conditional, 2 seeds: runs",
        "bonus none, 1 seed",
      ]),
    );
    expect(await faults()).toEqual([]);
    await page.getByRole("button", { name: "Take bonus none, 1 seed out of the charts" }).click();
    await soon(() => expect(context.store.overlaid.value).toEqual(["seed 1"]));
  });

  test("are drawn by themselves among the stored runs; one that is gone is said and left out", async () => {
    const context = await opened(seeds, false);
    context.store.tab.value = "runs";
    context.store.overlaid.value = ["seed 0", "no bonus", "never made"];
    await expect.element(page.getByText(/There is no run "never made"/)).toBeVisible();
    await soon(() => expect(context.store.overlaid.value).toEqual(["seed 0", "no bonus"]));
    await expect.element(page.getByRole("img", { name: "accuracy over steps, 20 points, 2 runs" })).toBeVisible();
    await page.getByRole("combobox", { name: "Which part of reward by part is drawn" }).selectOptions("zoom");
    expect(await faults()).toEqual([]);
    // Several that are gone give one notice, which names them.
    const before = context.store.notices.list.value.length;
    context.store.overlaid.value = ["lost a", "seed 0", "lost b", "lost c"];
    await expect.element(page.getByText(/^3 runs could not be read .*"lost a", "lost b", "lost c"/)).toBeVisible();
    expect(context.store.notices.list.value).toHaveLength(before + 1);
    expect(context.store.overlaid.value).toEqual(["seed 0"]);
  });
});

test("a run of 100,000 steps is drawn with few points, and read in full in its table's file", async () => {
  const [head, ...rest] = eventsOf({ steps: 4 });
  const update = rest.find((event) => event.type === "update")!;
  if (update.type !== "update") throw new Error("there is no update");
  const many = Array.from(
    { length: 100_000 },
    (_, i): TrainEvent => ({ ...update, step: i + 1, metrics: { accuracy: (i % 97) / 97 } }),
  );
  await opened({ long: [head!, ...many] });
  await expect.element(page.getByText("recorded step 100,000 of 100,000")).toBeVisible();
  await expect.element(chart("accuracy")).toBeVisible();
  const label = host.querySelector('[data-curve="accuracy"] [role="img"]')!.getAttribute("aria-label")!;
  expect(Number(/(\d+) points/.exec(label)![1])).toBeLessThanOrEqual(502);
  const saved: Blob[] = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    saved.push(blob as Blob);
    return "blob:none";
  });
  host.querySelector<HTMLElement>('[data-curve="accuracy"] summary')!.click();
  await expect.element(page.getByText("the last 2,000 of 100,000 steps; copy and file have all")).toBeVisible();
  await page.getByRole("button", { name: "Save as CSV" }).click();
  expect((await saved[0]!.text()).split("\n")).toHaveLength(100_002);
});
