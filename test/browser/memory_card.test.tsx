import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { FakeRun } from "../support/fake_run.ts";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  localStorage.removeItem("saccade.gpu-memory");
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
  localStorage.removeItem("saccade.gpu-memory");
});

function open(changes: Record<string, unknown> = {}) {
  const context = makePage(new FakeRun());
  context.store.changes.value = { preset: "needle", seed: 1, ...changes };
  render(<Page page={context} />, host);
  return context;
}

test("tells what a run takes before it begins, and whether that fits once the card's memory is typed", async () => {
  // 2 GiB of weights, 8 GiB of activations.
  open();
  await expect.element(page.getByText("10.0 GiB", { exact: true }).first()).toBeVisible();
  await page.getByText("GPU memory", { exact: true }).click();
  await expect.element(page.getByText(/^Browsers do not report it/)).toBeVisible();
  const field = page.getByLabelText("memory of the card, GiB");
  await field.fill("24");
  await userEvent.tab();
  await expect.element(page.getByText("fits: 10.0 of 24.0 GiB")).toBeVisible();
  expect(localStorage.getItem("saccade.gpu-memory")).toBe("24");
  await field.fill("much");
  await userEvent.tab();
  await expect.element(page.getByText('expected GiB of the card, found "much"')).toBeVisible();
});

test("says what to change where it does not fit, and changes it", async () => {
  const context = open();
  await page.getByText("GPU memory", { exact: true }).click();
  await page.getByLabelText("memory of the card, GiB").fill("7");
  await userEvent.tab();
  await expect.element(page.getByText("does not fit: 10.0 GiB")).toBeVisible();
  await expect.element(page.getByText("gradient checkpointing on: 6.0 GiB")).toBeVisible();
  await page.getByRole("button", { name: "Use" }).click();
  expect(context.store.config.value.gradientCheckpointing).toBe("on");
  await expect.element(page.getByText("fits: 6.0 of 7.0 GiB")).toBeVisible();
});

test("says where nothing is enough", async () => {
  open();
  await page.getByText("GPU memory", { exact: true }).click();
  await page.getByLabelText("memory of the card, GiB").fill("1");
  await userEvent.tab();
  await expect.element(page.getByText("none of these is enough; take a smaller model")).toBeVisible();
});

test("has all rows of the table after another run has them in another order", async () => {
  const context = open();
  await page.getByText("GPU memory", { exact: true }).click();
  const rows = () => [...host.querySelectorAll(".memory table td:first-child")].map((cell) => cell.textContent);
  const { estimate } = context.memory;
  await expect.poll(() => estimate.value !== null).toBe(true);
  const { of, memory } = estimate.value!;
  const inOrder = (names: string[]) => {
    const lines = names.map((what) => ({ what, usualBytes: 1, mostBytes: 1 }));
    estimate.value = { of, memory: { ...memory, found: { ...memory.found!, memory: lines } } };
  };
  const first = ["activations", "keys and values", "moments", "everything else", "weights", "gradients"];
  const then = ["activations", "everything else", "keys and values", "moments", "weights", "gradients"];
  for (const names of [first, then]) {
    inOrder(names);
    await expect.poll(rows).toEqual([...names, "at the peak, usually", "at most"]);
  }
});

test("does not ask while a run goes on", async () => {
  const context = open();
  await expect.element(page.getByText("10.0 GiB", { exact: true }).first()).toBeVisible();
  context.store.player.value = "playing";
  context.store.changes.value = { preset: "needle", seed: 1, rolloutsPerTask: 16 };
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(context.memory.estimate.value!.of.rolloutsPerTask).toBe(8);
  context.store.player.value = "paused";
  await expect.element(page.getByText("18.0 GiB", { exact: true }).first()).toBeVisible();
});
