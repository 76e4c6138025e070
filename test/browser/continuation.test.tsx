import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, host);
  host.remove();
});

/** A log whose first group has, behind the four of the prompt, one that continues the second from its second token on. */
function continuedLog(): { text: string; place: number } {
  const events = [...fakeEvents(resolveConfig({ seed: 1, steps: 1, tasksPerStep: 2, rolloutsPerTask: 4 }))];
  let place = 0;
  for (const event of events) {
    if (event.type !== "group" || event.taskIndex !== 0) continue;
    const second = event.rollouts[1]!;
    place = second.segments[0]!.tokens.length + 1;
    const id = second.id.replace(/\d+$/, "4");
    const continuation = { ...second, id, rolloutIndex: 4, continues: { rollout: second.id, token: place } };
    second.continuedAt = place;
    event.rollouts.push(continuation);
  }
  return { text: events.map((event) => JSON.stringify(event)).join("\n"), place };
}

test("a rollout that continues another says so in the group, beside its picture, in its transcript and in the list", async () => {
  const { text, place } = continuedLog();
  const context = makePage(new FakeRun());
  render(<Page page={context} />, host);
  await context.control.openFile(new File([text], "events.jsonl"));
  const words = `continues rollout 2 from token ${place + 1} on`;
  await soon(() => expect(host.querySelectorAll(".groups [data-continues]")).toHaveLength(1));
  const cell = host.querySelector<HTMLElement>(".groups [data-continues]")!;
  expect(cell.getAttribute("aria-label")).toMatch(new RegExp(`^rollout 5: .*, ${words}$`));
  await expect.element(page.getByText("continues another: its call was sampled again")).toBeVisible();
  cell.click();
  await expect.element(page.getByText(`This rollout ${words}`, { exact: false })).toBeVisible();
  await page.getByRole("button", { name: "Open that rollout" }).click();
  await soon(() => expect(context.store.chosen.value!.rollout.rolloutIndex).toBe(1));
  await expect
    .element(page.getByText(`This rollout is continued by others from token ${place + 1} on`, { exact: false }))
    .toBeVisible();

  // Each token that was sampled is trained in one of the two.
  const masked = (): number => host.querySelectorAll(".turn.model .tok.masked").length;
  const written = (): number => host.querySelectorAll(".turn.model .tok").length;
  context.store.tab.value = "step";
  await soon(() => expect(written()).toBeGreaterThan(1));
  expect(masked()).toBe(written() - 1);
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  await soon(() => expect(host.querySelector("#panel-token")!.textContent).toContain("model · not in the loss"));
  context.store.pinned.value = context.store.chosen.value!.siblings[4]!.id;
  await soon(() => expect(masked()).toBe(1));

  context.store.tab.value = "rollouts";
  context.store.find.value = "from:rollout";
  await soon(() => expect(host.querySelectorAll(".row-of[data-rollout]")).toHaveLength(1));
  expect(host.querySelector(".row-of[data-rollout]")!.textContent).toContain("continues rollout 2");
});
