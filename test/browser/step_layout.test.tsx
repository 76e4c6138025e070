import { render } from "preact";
import { afterEach, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

const host = document.createElement("div");
document.body.append(host);
afterEach(() => render(null, host));

async function steppingAt(width: number, height: number) {
  await page.viewport(width, height);
  const fake = new FakeRun();
  const events = [...fakeEvents(resolveConfig({ seed: 7, steps: 4, tasksPerStep: 2, rolloutsPerTask: 3 }))];
  fake.store("mine", events);
  const rollouts = events.flatMap((event) => (event.type === "group" ? event.rollouts : []));
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.openStored("mine");
  context.store.pinned.value = rollouts.find(({ calls }) => calls.length > 0)!.id;
  context.store.tab.value = "step";
  await expect.element(page.getByRole("img", { name: /^Original picture/ })).toBeVisible();
  await soon(() => expect(document.querySelectorAll(".crops figure")).toHaveLength(2));
}

const place = (selector: string): DOMRect => document.querySelector(selector)!.getBoundingClientRect();
const overflow = (): number => document.documentElement.scrollWidth - innerWidth;

describe("the step view", () => {
  test.each([
    [1440, 900],
    [1024, 768],
  ])("shows picture, crop, transcript and token together at %i × %i, also at the end", async (width, height) => {
    await steppingAt(width, height);
    await userEvent.keyboard("{End}");
    await soon(() => expect(document.querySelector(".tok:last-child.pick")).not.toBeNull());
    scrollTo(0, document.body.scrollHeight);
    await soon(() => expect(place(".tok.pick").bottom).toBeLessThanOrEqual(height));
    for (const selector of [".stage canvas", ".crops .zoom1 canvas", ".time", ".tok.pick"]) {
      expect(place(selector).top, selector).toBeGreaterThanOrEqual(-1);
      expect(place(selector).bottom, selector).toBeLessThanOrEqual(height);
    }
    // Its heading and first lines: how much there is depends on the token.
    expect(place("#panel-token").top).toBeGreaterThanOrEqual(-1);
    expect(place("#panel-token").top).toBeLessThan(height / 2);
    const [pictures, transcript, panels] = [".pictures", "main > .first", "main > aside"].map(place);
    expect(pictures!.right).toBeLessThanOrEqual(transcript!.left);
    expect(transcript!.right).toBeLessThanOrEqual(panels!.left);
    expect(overflow()).toBeLessThanOrEqual(0);
  });

  test("is one column at 390, the transcript first, with what the model saw in it", async () => {
    await steppingAt(390, 844);
    const [transcript, pictures, panels] = ["main > .first", ".pictures", "main > aside"].map(place);
    expect(transcript!.bottom).toBeLessThanOrEqual(pictures!.top);
    expect(pictures!.bottom).toBeLessThanOrEqual(panels!.top);
    expect(document.querySelectorAll(".toks canvas")).toHaveLength(2);
    expect(overflow()).toBeLessThanOrEqual(0);
    // The bar stays in sight while the transcript scrolls.
    scrollTo(0, transcript!.bottom + scrollY - 400);
    await soon(() => expect(place(".time").top).toBeCloseTo(0, 0));
  });
});
