import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { FakeRun } from "../support/fake_run.ts";

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

async function open(productSeconds?: number, changes: Record<string, unknown> = {}) {
  const run = new FakeRun(productSeconds === undefined ? {} : { productSeconds });
  const context = makePage(run);
  context.store.changes.value = { preset: "needle", seed: 1, ...changes };
  render(<Page page={context} />, host);
  context.store.opened.value = await run.open(context.store.config.value);
  return context;
}
const line = page.getByText(/^No graphics card here/);

test("without a graphics card a step's time is said, and small steps can be taken", async () => {
  const context = await open(0.07);
  await expect.element(line).toHaveTextContent("a step of 16 × 8 will take about 60 s");
  await page.getByRole("button", { name: "Take steps of 4 × 4: about 10 s" }).click();
  expect(context.store.config.value).toMatchObject({ tasksPerStep: 4, rolloutsPerTask: 4 });
  await expect
    .element(line)
    .toHaveTextContent(/a step of 4 × 4 will take about 10 s\. Small steps learn too.* min here/);
});

test("nothing is said on a card, nor of other tasks or models", async () => {
  await open();
  expect(line.query()).toBeNull();
  render(null, host);
  const context = await open(0.07);
  await expect.element(line).toBeVisible();
  context.store.changes.value = { preset: "needle", data: "rows.jsonl" };
  await expect.poll(() => line.query()).toBeNull();
});
