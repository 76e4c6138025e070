import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { foldAll } from "../../src/app/web/run/run_state.ts";
import { FakeRun } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  localStorage.removeItem("saccade.first-steps");
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

async function trained() {
  const context = makePage(new FakeRun());
  render(<Page page={context} />, host);
  await context.control.open();
  context.store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 2, rolloutsPerTask: 4 };
  await context.control.toggle();
  await soon(() => expect(context.store.player.value).toBe("over"));
  return context;
}
const hint = () => [...host.querySelectorAll(".next-hint span")].map((one) => one.textContent);

test("hints say what to press next, each until it was pressed once in this browser", async () => {
  const context = await trained();
  await soon(() => expect(hint().join()).toMatch(/^Next: each bar is one attempt .* Press one/));
  host.querySelector<HTMLElement>(".groups .cells button")!.click();
  await soon(() => expect(hint().join()).toMatch(/^Next: step through it/));
  await page.getByRole("button", { name: "Step through this rollout" }).click({ timeout: 5000 });
  await soon(() => expect(hint()).toEqual([]));
  context.store.tab.value = "train";
  await soon(() => expect(hint().join()).toMatch(/^Next: change one thing/));
  context.store.previous.value = foldAll([]);
  await soon(() => expect(hint()).toEqual([]));
  // Another page of this browser has none of them.
  expect(makePage(new FakeRun()).firstSteps.next.value).toBeNull();
});

test("are over with a press", async () => {
  await trained();
  await page.getByRole("button", { name: "No hints" }).click();
  expect(hint()).toEqual([]);
  render(null, host);
  await trained();
  expect(hint()).toEqual([]);
});
