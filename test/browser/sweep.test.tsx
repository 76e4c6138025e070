import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { fakeSession } from "../support/fake_session.ts";
import { soon } from "../support/soon.ts";

/** Tests of other files keep runs in the same browser at the same time: these have steps that no other has. */
const steps = 23;
const platform = openBrowserPlatform(new URL("/", location.href).href);
let host: HTMLElement;
let worker: RunWorker;
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(async () => {
  render(null, host);
  host.remove();
  for (const { name, steps: of } of await worker.runs()) if (of === steps) await worker.remove(name);
  for (const { id } of await worker.records.sweeps()) await worker.records.removeSweep(id);
});

/** The page over real storage, with sessions that have no model. @param failing  runs that throw at a step */
async function opened(failing: (config: RunConfig) => number | undefined = () => undefined, slow = false) {
  const made: RunConfig[] = [];
  let open = 0;
  const newWorker = () =>
    new RunWorker(platform, async (_, config) => {
      const session = fakeSession(config, {});
      const { train, reset } = session;
      let now = config;
      session.reset = async (next) => {
        now = next;
        made.push(next);
        return reset(next);
      };
      session.train = async function* (...given) {
        for await (const event of train(...given)) {
          if (slow) await new Promise((resolve) => setTimeout(resolve, 10));
          if (event.type === "tasks" && event.step === failing(now)) throw new Error("The GPU device was lost");
          yield event;
        }
      };
      return session;
    });
  worker = newWorker();
  const context = makePage(worker, () => {
    open++;
    return { api: newWorker(), close: () => void open-- };
  });
  context.store.changes.value = { preset: "needle", seed: 5, steps };
  context.store.tab.value = "runs";
  render(<Page page={context} />, host);
  await page.getByRole("button", { name: "New sweep…" }).click();
  return { context, made, open: () => open };
}

const rows = () =>
  [...document.querySelectorAll(".sweeptable tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent).join(" | "),
  );
const start = page.getByRole("button", { name: "Start the sweep" });

test("a sweep makes its runs beside each other, and a table of what they reached", async () => {
  const { context, made, open } = await opened();
  await page.getByLabelText("Values of learningRate").fill("1e-4, 3e-4");
  await page.getByLabelText("seeds", { exact: true }).fill("5..6");
  await page.getByLabelText("at once", { exact: true }).selectOptions("2 beside each other");
  await expect.element(page.getByText(/^4 runs of 23 steps\. The page stays as it is/)).toBeVisible();
  await start.click();
  await expect.element(page.getByText("The sweep is done: 4 runs, in a table under Runs")).toBeVisible();
  // Two workers begin as their code arrives.
  const order = made.map(({ learningRate, seed }) => [learningRate, seed] as const);
  expect(order.sort(([a, b], [c, d]) => a - c || b - d)).toEqual([
    [1e-4, 5],
    [1e-4, 6],
    [3e-4, 5],
    [3e-4, 6],
  ]);
  expect(open()).toBe(0);
  await soon(() =>
    expect(rows()).toEqual([
      "learningRate 1e-4 | 2 | 0.500 ± 0.000 | 0.500 ± 0.000 | – | – | 184.500 ± 0.000",
      "learningRate 3e-4 | 2 | 0.500 ± 0.000 | 0.500 ± 0.000 | – | – | 184.500 ± 0.000",
    ]),
  );
  // They stand in the list like any others, and nothing of the page's own was touched.
  const names = (await worker.runs()).filter((run) => run.steps === steps).map(({ name }) => name);
  expect(names).toHaveLength(4);
  expect(context.store.live.value.head).toBeNull();
  await expect
    .element(page.getByRole("button", { name: "Open the run needle, learningRate 3e-4, seed 6", exact: true }))
    .toBeVisible();

  await page.getByRole("button", { name: "Draw its curves" }).click();
  expect([...context.store.overlaid.value].sort()).toEqual([...names].sort());
  const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  try {
    await page.getByRole("button", { name: "Save as CSV" }).click();
    const link = saved.mock.instances[0] as unknown as HTMLAnchorElement;
    const csv = (await (await fetch(link.href)).text()).split("\n");
    expect(csv[0]).toMatch(/^run,learningRate,preset,seed,state,step,steps,accuracy,/);
    expect(csv[1]).toMatch(/,0\.0001,needle,5,done,23,23,0\.5,/);
  } finally {
    saved.mockRestore();
  }
  await page.getByRole("button", { name: "Forget the sweep" }).click();
  await soon(() => expect(document.querySelector(".sweep")).toBeNull());
  expect((await worker.runs()).filter((run) => run.steps === steps)).toHaveLength(4);
});

test("it is stopped, which saves, and goes on after a reload", async () => {
  const { open } = await opened(undefined, true);
  await page.getByLabelText("seeds", { exact: true }).fill("5,6");
  await start.click();
  await expect.element(page.getByText(/^0 of 2 runs done; step [1-9]\d* of 23$/)).toBeVisible();
  await page.getByRole("button", { name: "Stop the sweep" }).click();
  const goOn = page.getByRole("button", { name: "Go on with the sweep" });
  await expect.element(goOn).toBeEnabled();
  expect(open()).toBe(0);
  const [run] = (await worker.runs()).filter((one) => one.steps === steps);
  expect(run).toMatchObject({ writer: null });
  expect(run!.savedStep).toBe(run!.step);
  expect(run!.step).toBeLessThan(steps);

  render(null, host);
  await opened();
  await goOn.click();
  await expect.element(page.getByText("The sweep is done: 2 runs, in a table under Runs")).toBeVisible();
  expect((await worker.runs()).filter((one) => one.steps === steps).map(({ step }) => step)).toEqual([steps, steps]);
  await soon(() =>
    expect(rows()).toEqual(["these settings | 2 | 0.500 ± 0.000 | 0.500 ± 0.000 | – | – | 184.500 ± 0.000"]),
  );
});

test("a run that fails is named, the others are made, and the rest can be made again", async () => {
  let broken = true;
  await opened((config) => (broken && config.seed === 6 ? 4 : undefined));
  await page.getByLabelText("seeds", { exact: true }).fill("5..7");
  await start.click();
  await expect.element(page.getByText("1 run of the sweep could not be made: The GPU device was lost")).toBeVisible();
  await soon(() => expect(rows()[0]).toMatch(/^these settings \| 2 of 3 \| 0\.500/));
  broken = false;
  await page.getByRole("button", { name: "Go on with the sweep" }).click();
  await expect.element(page.getByText("The sweep is done: 3 runs, in a table under Runs")).toBeVisible();
  await soon(() => expect(rows()[0]).toMatch(/^these settings \| 3 \| 0\.500/));
});

test("what cannot be is said before it begins, by keyboard as well", async () => {
  await opened();
  const values = page.getByLabelText("Values of learningRate");
  await values.fill("1e-4, lots");
  await expect.element(page.getByText('learningRate must be a number from 0 to 1, found "lots"')).toBeVisible();
  await expect.element(start).toBeDisabled();
  await page.getByLabelText("Knob 1").selectOptions("bonus");
  await page.getByLabelText("Values of bonus").fill("none, conditional");
  await page.getByRole("button", { name: "Vary another knob as well" }).click();
  await page.getByLabelText("Knob 2").selectOptions("bonus");
  await page.getByLabelText("Values of bonus").nth(1).fill("none");
  await expect.element(page.getByText("bonus is given twice; put all its values into one list")).toBeVisible();
  await page.getByRole("button", { name: "Leave bonus out" }).nth(1).click();
  await expect.element(page.getByText(/^6 runs of 23 steps/)).toBeVisible();
  await page.getByLabelText("seeds", { exact: true }).click();
  await userEvent.keyboard("{Tab}{Tab}");
  expect(document.activeElement).toBe(start.element());
  await page.getByRole("button", { name: "Cancel" }).click();
  expect(document.querySelector("form.sweepform")).toBeNull();
});
