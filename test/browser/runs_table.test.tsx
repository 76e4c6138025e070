import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1440, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

async function opened(runs: Record<string, Partial<RunConfig>>) {
  const fake = new FakeRun();
  for (const [name, changes] of Object.entries(runs))
    fake.store(name, [...fakeEvents(resolveConfig({ tasksPerStep: 2, rolloutsPerTask: 2, steps: 3, ...changes }))]);
  const context = makePage(fake);
  context.store.tab.value = "runs";
  render(<Page page={context} />, host);
  await expect.element(page.getByText("Runs in this browser")).toBeVisible();
  await soon(() => expect(names()).not.toEqual([]));
  return { fake, context };
}
const names = () => [...document.querySelectorAll(".runlist tbody th .link")].map((name) => name.textContent);
const row = (name: string) => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });

test("a row has what a run reached, what differs, its device and its size; columns sort", async () => {
  await opened({ one: { seed: 1 }, two: { seed: 2, bonus: "none", steps: 12 }, three: { seed: 3, steps: 2 } });
  await expect
    .element(row("two"))
    .toHaveTextContent(/bonus none · seed 2.*12 of 12.*training.*step \d+.*Fake adapter.*kB/);
  // All alike in the size of a step: it is no difference.
  await expect.element(row("two")).not.toHaveTextContent(/tasksPerStep/);
  await expect.element(row("one")).toHaveTextContent(/bonus conditional · seed 1/);
  await page.getByRole("button", { name: "steps", exact: true }).click();
  expect(names()).toEqual(["two", "one", "three"]);
  await page.getByRole("button", { name: "steps", exact: true }).click();
  expect(names()).toEqual(["three", "one", "two"]);
  await expect.element(page.getByRole("columnheader", { name: "steps" })).toHaveAttribute("aria-sort", "ascending");
  await page.getByRole("button", { name: "run", exact: true }).click();
  expect(names()).toEqual(["one", "three", "two"]);
});

test("a run is renamed and the list is searched; More has the rest of what is known", async () => {
  const { context } = await opened(Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`run ${i}`, { seed: i }])));
  await page.getByRole("button", { name: "More: about the run run 4" }).click();
  await expect
    .element(page.getByText("preset needle · seed 4 · steps 3 · tasksPerStep 2 · rolloutsPerTask 2"))
    .toBeVisible();
  await page.getByLabelText("Name", { exact: true }).fill("the one that zooms");
  await page.getByRole("button", { name: "Rename" }).click();
  await soon(() => expect(names()).toContain("the one that zooms"));
  await expect.element(page.getByText("run 4", { exact: true })).toBeVisible();
  await page.getByRole("searchbox").fill("ZOOMS seed");
  await soon(() => expect(names()).toEqual(["the one that zooms"]));
  await expect.element(page.getByText("1 of 7 runs")).toBeVisible();
  // The shown run has that name, and links the one that it was stored under.
  await page.getByRole("button", { name: "Open the run the one that zooms" }).click();
  await soon(() => expect(context.store.replay.value).toMatchObject({ title: "the one that zooms", link: "run 4" }));
  context.store.tab.value = "runs";
  await page.getByRole("button", { name: "More: about the run the one that zooms" }).click();
  await page.getByRole("button", { name: "Take the first name back" }).click();
  await page.getByRole("searchbox").fill("");
  await soon(() => expect(names()).toContain("run 4"));
});

test("checked runs are drawn together, and removed together once that was confirmed", async () => {
  const { fake, context } = await opened({ one: { seed: 1 }, two: { seed: 2 }, three: { seed: 3 } });
  for (const name of ["one", "three"]) await page.getByLabelText(`Draw the curves of ${name}`).click();
  expect(context.store.overlaid.value).toEqual(["one", "three"]);
  await page.getByRole("button", { name: "Remove these…" }).click();
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  expect((await fake.runs()).length).toBe(3);
  await page.getByRole("button", { name: "Remove these…" }).click();
  await page.getByRole("button", { name: "Remove 2 runs" }).click();
  await soon(() => expect(names()).toEqual(["two"]));
  expect([(await fake.runs()).length, context.store.overlaid.value]).toEqual([1, []]);
});

test("storage in use is said with its quota, and whether it is kept", async () => {
  await opened({ one: {} });
  await expect.element(page.getByText(/ in use; about \d+ kB of it are runs/)).toBeVisible();
  await expect.element(page.getByRole("progressbar", { name: "Storage in use" })).toBeVisible();
  await expect
    .element(page.getByText(/^(The browser may remove it where the disk runs full|It is kept until you remove it)/))
    .toBeVisible();
});

test("is whole for assistive technology, in light and dark, wide and narrow", async () => {
  await opened({ one: { seed: 1 }, two: { seed: 2 } });
  await page.getByRole("button", { name: "More: about the run two" }).click();
  await page.getByRole("button", { name: "New sweep…" }).click();
  for (const [width, theme] of [
    [1440, "light"],
    [390, "dark"],
  ] as const) {
    await page.viewport(width, 900);
    document.documentElement.dataset.theme = theme;
    const { violations } = await axe.run(document.querySelector("main")!);
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(document.querySelector("main")!.scrollWidth).toBeLessThanOrEqual(width);
  }
  delete document.documentElement.dataset.theme;
});
