import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { followAddress } from "../../src/app/web/frame/address.ts";
import { parts } from "../../src/app/web/labels/parts.ts";
import { makePage, type PageParts } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";

let host: HTMLElement;
let end: () => void = () => {};
beforeEach(async () => {
  await page.viewport(1440, 900);
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
});
afterEach(() => {
  end();
  render(null, host);
  host.remove();
});

async function open(search: string): Promise<PageParts> {
  history.replaceState(null, "", search);
  const fake = new FakeRun({});
  fake.store("kept", [...fakeEvents(resolveConfig({ seed: 7, steps: 3 }))]);
  const context = makePage(fake);
  end = followAddress(context.store, context.control);
  render(<Page page={context} />, host);
  await context.control.open();
  return context;
}

const shown = (name: string): boolean =>
  [...document.querySelectorAll<HTMLElement>(`[data-part="${name}"]`)].some((part) => part.offsetParent !== null);
/** A part without a box of its own is shown where what stands in it is. */
const isShown = (name: string): boolean =>
  shown(name) ||
  [...document.querySelectorAll<HTMLElement>(`[data-part="${name}"] *`)].some((inside) => inside.offsetParent !== null);

test("every part that a link may name is in the page", async () => {
  await open("?preset=needle&run=kept&step=2");
  for (const name of Object.keys(parts).filter((one) => one !== "timeline"))
    await expect.poll(() => isShown(name), { message: name }).toBe(true);
});

test("hide= takes parts and settings away, and says how to get them back", async () => {
  const { store } = await open("?preset=needle&hide=memory.seed.compare.whatif");
  await expect.element(page.getByText("This link shows a part of the page, for a lesson.")).toBeVisible();
  for (const name of ["memory", "seed", "compare", "whatif"]) expect(isShown(name), name).toBe(false);
  for (const name of ["reward", "steps", "runs", "experiment"]) expect(isShown(name), name).toBe(true);
  store.tab.value = "runs";
  await expect.poll(() => location.search).toBe("?preset=needle&seed=7&tab=runs&hide=memory.seed.compare.whatif");
  store.tab.value = "train";
  await page.getByRole("button", { name: "Show the whole page" }).click();
  for (const name of ["memory", "seed", "compare", "whatif"]) await expect.poll(() => isShown(name)).toBe(true);
  await expect.poll(() => location.search).toBe("?preset=needle&seed=7");
});

test("only= leaves what it names, what holds it and what stands in it; Start stays", async () => {
  await open("?preset=needle&only=reward.steps");
  for (const name of ["reward", "bonus", "steps", "experiment", "settings"])
    await expect.poll(() => isShown(name), { message: name }).toBe(true);
  for (const name of ["seed", "memory", "judge", "tabs", "worth", "away"]) expect(isShown(name), name).toBe(false);
  await expect.element(page.getByRole("button", { name: /^Start/ }).first()).toBeVisible();
});

test("without the settings the run has their place; a part that does not exist is told", async () => {
  await open("?preset=needle&hide=settings&only=nothing");
  await expect.element(page.getByText('there is no part "nothing" to show', { exact: false })).toBeVisible();
  const run = document.querySelector("section[aria-label=Run]")!.getBoundingClientRect();
  expect(run.left).toBeLessThan(60);
  expect(run.width).toBeGreaterThan(600);
});
