import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { creditOf, tokenAdvantages } from "../../src/train/call_credit.ts";
import { FakeRun } from "../support/fake_run.ts";
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

test("the reward's card has ToolsRL's stages, and a rollout says which stage paid and what its call did", async () => {
  const context = makePage(new FakeRun());
  const { store, control } = context;
  store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 2, rolloutsPerTask: 4 };
  store.changes.value = { ...store.changes.value, callCredit: 0.5, callRouting: "outcome" };
  render(<Page page={context} />, host);
  await control.open();
  await page.getByLabelText("by", { exact: true }).selectOptions("tools-rl");
  const stage = page.getByLabelText("steps of stage 1", { exact: true });
  await stage.fill("1");
  await userEvent.keyboard("{Tab}");
  expect(store.config.value).toMatchObject({ reward: "tools-rl", toolStageSteps: 1 });
  await expect.element(page.getByText(/^arXiv 2604\.19945/)).toBeVisible();
  await expect.element(page.getByRole("row", { name: "pixels beside the target 0.1" })).toBeVisible();

  await control.step();
  const group = store.steps.value[0]!.groups.find((one) => one?.some(({ calls }) => calls[0]?.probe))!;
  const rollout = group.find(({ calls }) => calls[0]?.probe)!;
  const { probe } = rollout.calls[0]!;
  store.pinned.value = rollout.id;
  store.tab.value = "step";
  await expect.element(page.getByText(/ToolsRL, stage 1 until step 1: zooms onto the target/)).toBeVisible();
  const effect = probe!.after > 0.5 ? "useful" : "needed, did not help";
  await expect
    .element(page.getByText(new RegExp(`${effect}: right answer 0\\.20 → ${probe!.after.toFixed(2)}`)).first())
    .toBeVisible();

  // On a token of the call the formula has what the update has.
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  await page.getByText("the loss of this token, written out").click();
  const cell = (name: string) =>
    [...document.querySelectorAll(".formula tbody tr")]
      .find((tr) => tr.querySelector("th b")?.textContent === name)
      ?.querySelector("td")?.textContent;
  await soon(() => expect(cell("A token")).toBeDefined());
  const [advantage] = tokenAdvantages(rollout, { callCredit: 0.5, callRouting: "outcome" });
  const credit = creditOf(probe!);
  expect(cell("A token")).toContain(` + 0.5 × +${credit.toFixed(3)} = `);
  expect(cell("A token")).toContain(
    `${advantage! < 0 ? "−" : "+"}${Math.abs(advantage!).toFixed(3)} · its call: ${effect}`,
  );
});
