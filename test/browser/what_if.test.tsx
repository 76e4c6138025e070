import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

async function opened() {
  const fake = new FakeRun();
  const context = makePage(fake);
  const small = { preset: "needle", seed: 3, steps: 20, tasksPerStep: 2, rolloutsPerTask: 2 };
  context.store.changes.value = small;
  render(<Page page={context} />, host);
  await context.control.open();
  const starts = () => fake.asked.filter((asked) => asked.startsWith("start"));
  return { fake, context, small, starts };
}
const whatIf = page.getByRole("button", { name: "no bonus for zooming" });
const dialog = page.getByRole("dialog");

test("What if starts at once where nothing is open, and has said what", async () => {
  const { context, starts } = await opened();
  await expect
    .element(whatIf)
    .toHaveAttribute(
      "title",
      "A new run begins: needle, tasksPerStep 2, rolloutsPerTask 2, bonus none, seed 3; 20 steps of 2 tasks, 2 attempts at each.",
    );
  await whatIf.click();
  await soon(() => expect(starts()).toEqual(["start none 4"]));
  expect(document.querySelector("dialog")).toBeNull();
  expect(context.store.config.value.bonus).toBe("none");
});

test("What if asks before it ends a run, says what it starts and ends, and Escape leaves all as it is", async () => {
  const { fake, context, starts } = await opened();
  await context.control.step();
  await whatIf.click();
  await expect.element(dialog.getByText(/^A new run begins: needle, .*bonus none, seed 3; 20 steps/)).toBeVisible();
  await expect
    .element(dialog.getByText(/^The run “needle-1” is saved and ends after step 1 of 20; it stays under Runs/))
    .toBeVisible();
  await userEvent.keyboard("{Escape}");
  await soon(() => expect(document.querySelector("dialog")).toBeNull());
  expect([starts(), fake.asked.includes("stop"), context.store.config.value.bonus]).toEqual([
    ["start conditional 4"],
    false,
    "conditional",
  ]);

  await whatIf.click();
  await dialog.getByRole("button", { name: "Start the new run" }).click();
  await soon(() => expect(starts()).toEqual(["start conditional 4", "start none 4"]));
  expect(fake.asked).toContain("stop");
  expect((await fake.runs()).map(({ name, step }) => [name, step])).toContainEqual(["needle-1", 1]);
});

test("What if asks before it closes a shown run; Go on and Use these settings before they end one", async () => {
  const { fake, context, small, starts } = await opened();
  const events = [...fakeEvents(resolveConfig({ ...small, seed: 8, saveEvery: 4 }))];
  fake.store("stored", events.slice(0, events.findIndex((e) => e.type === "update" && e.step === 6) + 1));
  await context.control.openStored("stored");
  await whatIf.click();
  await expect.element(dialog.getByText("The shown run “stored” is closed; it can be opened again.")).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect([starts(), context.store.replay.value?.name]).toEqual([[], "stored"]);

  context.control.replay.close();
  await context.control.step();
  const settings = context.control.useSettings("stored");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await settings;
  expect(context.store.config.value.seed).toBe(3);
  const going = context.control.resume("stored");
  await expect.element(dialog.getByText(/^The run “needle-2” is saved and ends after step 1/)).toBeVisible();
  await dialog.getByRole("button", { name: "Go on", exact: true }).click();
  await going;
  expect(fake.asked).toContain("resume stored");
});

test("Go on asks before a run that came out of a file sends answers to its judge or fetches anything", async () => {
  const { fake, context, small } = await opened();
  const theirs = { ...small, judge: "hardened", judgeUrl: "http://there.example/v1", data: "a/b@main/rows.parquet" };
  const events = [...fakeEvents(resolveConfig({ ...theirs, saveEvery: 4 }))];
  fake.store("theirs", events.slice(0, events.findIndex((e) => e.type === "update" && e.step === 6) + 1));
  const runs = fake.runs.bind(fake);
  fake.runs = async () => (await runs()).map((run) => ({ ...run, imported: true as const }));
  const going = context.control.resume("theirs");
  await expect
    .element(dialog.getByText("It came out of a file, and sends questions and answers to a judge at http://there"))
    .toBeVisible();
  await expect.element(dialog.getByText(/^It came out of a file, and fetches https:\/\/huggingface\.co/)).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await going;
  expect(fake.asked.filter((asked) => asked.startsWith("resume"))).toEqual([]);
});
