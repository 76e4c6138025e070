import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { showState } from "../support/page_states.tsx";
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

const accuracy = (): number => Number(document.querySelector(".intro-curve b")!.textContent);

test("the page opens with what it is, a large Start, and a recording that plays and can be held", async () => {
  await showState(host, "before the first run");
  await expect
    .element(page.getByRole("heading", { name: /^A small vision-language model learns, by reward alone, to zoom/ }))
    .toBeVisible();
  await expect.element(page.getByRole("img", { name: /^A scene\. What digit is on the/ })).toBeVisible();
  const begun = accuracy();
  await soon(() => expect(accuracy()).toBeGreaterThan(begun + 0.1));
  await page.getByRole("button", { name: "Hold the recording" }).click();
  const held = accuracy();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(accuracy()).toBe(held);
  const letters = [...document.querySelectorAll(".outcomes .cell")].map((cell) => cell.textContent);
  expect(letters).toEqual(["A", "A", "W", "F", "?", "?"]);
});

test("Start begins a run, whose curves and groups stand in its place", async () => {
  const { store } = await showState(host, "before the first run");
  store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 2, rolloutsPerTask: 2 };
  await page.getByRole("button", { name: "Start training" }).click();
  await soon(() => expect(store.live.value.updates).toHaveLength(2));
  await soon(() => expect(document.querySelector("[data-curve] .plot-canvas")).not.toBeNull());
  expect(document.querySelector(".welcome")).toBeNull();
});

describe("the layout", () => {
  const place = (selector: string): DOMRect => document.querySelector(selector)!.getBoundingClientRect();

  test("the run bar stays while the page is scrolled, and settings are in reach on a telephone", async () => {
    await page.viewport(390, 844);
    await showState(host, "a stored run");
    expect(place(".folded-settings").top).toBeLessThan(400);
    scrollTo(0, 1500);
    await soon(() => expect(Math.abs(place(".runline").top)).toBeLessThan(1));
    expect(place(".runline").height).toBeLessThan(110);
    scrollTo(0, 0);
    await page.getByText("Settings", { exact: true }).click();
    await expect.element(page.getByRole("combobox", { name: "Preset" })).toBeVisible();
  });

  test("more than two notices are folded, errors first", async () => {
    await showState(host, "with notices");
    const sentences = [...document.querySelectorAll(".notices [role=alert] .notice > span")].map(
      (one) => one.textContent,
    );
    expect(sentences).toHaveLength(2);
    expect(sentences[0]).toContain("made.jsonl is no log");
    await page.getByText("1 more notice").click();
    await expect.element(page.getByText("The run is done: 4 steps")).toBeVisible();
  });

  test("Tab goes from the top through views and run bar to the view, and what has the focus is below the bar", async () => {
    await showState(host, "before the first run");
    const names: string[] = [];
    for (let i = 0; i < 12; i++) {
      await userEvent.tab();
      names.push(document.activeElement!.textContent!.trim());
    }
    expect(names.slice(0, 2)).toEqual(["Train", "Rollouts"]);
    expect(names).toContain("Start");
    scrollTo(0, 600);
    const target = document.querySelector<HTMLElement>(".welcome-links a")!;
    target.focus();
    await soon(() => expect(target.getBoundingClientRect().top).toBeGreaterThanOrEqual(place(".runline").bottom - 1));
  });
});
