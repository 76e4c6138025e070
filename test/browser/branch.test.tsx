import { render } from "preact";
import { afterAll, beforeAll, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { openGpuSession } from "../../src/app/session/open_gpu_session.ts";
import { followAddress } from "../../src/app/web/frame/address.ts";
import { makePage, type PageParts } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { recordings } from "../../src/app/web/run/recordings.ts";
import type { Chosen } from "../../src/app/web/run/store.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { soon } from "../support/soon.ts";

// The recorded run and the shipped model, which branches its rollouts on this machine's adapter.
const worker = new RunWorker(openBrowserPlatform(new URL("/", location.href).href), openGpuSession);
const run = recordings[0]!.link;
let tree: string;
let context: PageParts;
let host: HTMLElement;
let zoomed: Chosen;

beforeAll(async () => {
  await page.viewport(1440, 900);
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
  context = makePage(worker);
  const { store, control } = context;
  render(<Page page={context} />, host);
  await control.open();
  await control.openRecording(recordings[0]!);
  tree = store.tree.value!;
  const { groups, tasks, step } = store.record.value!;
  const at = groups.findIndex((group) => group?.some(({ calls }) => calls[0]?.outcome === "ok"));
  const siblings = groups[at]!;
  const rollout = siblings.find(({ calls }) => calls[0]?.outcome === "ok")!;
  zoomed = { rollout, task: tasks[at]!, siblings, step };
  store.pinned.value = rollout.id;
  store.tab.value = "step";
  await soon(() => expect(host.querySelector<HTMLButtonElement>(".branching .go")!.disabled).toBe(false));
});

afterAll(async () => {
  const kept = await worker.rollouts.branches(tree);
  const ids = kept.map(({ id }) => id);
  await worker.rollouts.removeBranches(tree, ids);
  render(null, host);
  host.remove();
});

const made = () => context.store.branches.value;
const complaint = () => host.querySelector(".branching [role=alert]")?.textContent ?? "";
const outcome = () => host.querySelector(".outcome b")?.textContent ?? "";

/** Presses a button, and waits for the branch that comes of it. */
async function branchBy(name: string | RegExp) {
  const before = made().length;
  await page.getByRole("button", { name }).first().click();
  await soon(() => expect(made().length).toBe(before + 1));
  return made().at(-1)!;
}

test("a box is moved and resized by keys, and the answer to it comes with its probability", async () => {
  const untouched = structuredClone(zoomed.rollout);
  const box = page.getByRole("application", { name: /^Box: left/ });
  const [left, top, right, bottom] = zoomed.rollout.calls[0]!.boxSourcePx!;
  const cursor = context.store.cursor.value;
  await expect.element(box).toBeVisible();
  (box.element() as HTMLElement).focus();
  await userEvent.keyboard("{ArrowLeft}{ArrowLeft}{ArrowDown}{Shift>}{ArrowRight}{ArrowUp}{/Shift}");
  const moved = [
    Math.max(0, left - 16),
    Math.min(512 - (bottom - top), top + 8),
    Math.max(0, left - 16) + right - left + 8,
    Math.min(512 - (bottom - top), top + 8) + bottom - top - 8,
  ];
  await expect
    .element(box)
    .toHaveAccessibleName(
      `Box: left ${moved[0]}, top ${moved[1]}, right ${moved[2]}, bottom ${moved[3]} pixels. Arrow keys move it, with Shift they resize it`,
    );
  for (const [i, side] of ["left", "top", "right", "bottom"].entries())
    await expect.element(page.getByRole("spinbutton", { name: side })).toHaveValue(moved[i]!);
  // The keys were the box's, and not the cursor's.
  expect(context.store.cursor.value).toBe(cursor);

  const branch = await branchBy("What if it had looked here?");
  expect(branch).toMatchObject({
    parent: zoomed.rollout.id,
    id: `${zoomed.rollout.id}~1`,
    greedy: true,
    what: { kind: "box", boxSourcePx: moved },
    by: { weights: "now" },
  });
  const [call] = branch.rollout.calls;
  expect(call).toMatchObject({ name: "image_zoom_in_tool", outcome: "ok", imageIndex: 0 });
  const centre = (of: readonly number[]) => [(of[0]! + of[2]!) / 2, (of[1]! + of[3]!) / 2];
  // Written in thousandths, and widened to a square.
  for (const [i, at] of centre(call!.boxSourcePx!).entries()) expect(Math.abs(at - centre(moved)[i]!)).toBeLessThan(2);
  await soon(() => expect(outcome()).toMatch(/^“.+” · p = [\d.]+ · (right|wrong)$/));
  expect(zoomed.rollout).toEqual(untouched);
});

test("a box is drawn and moved by pointer", async () => {
  const area = host.querySelector<HTMLElement>(".drawarea")!;
  const { width } = area.getBoundingClientRect();
  const sides = () =>
    ["left", "top", "right", "bottom"].map((side) =>
      Number((page.getByRole("spinbutton", { name: side }).element() as HTMLInputElement).value),
    );
  const near = (expected: number[]) =>
    soon(() => {
      for (const [i, at] of sides().entries()) expect(Math.abs(at - expected[i]!)).toBeLessThanOrEqual(3);
    });
  const scale = 512 / width;
  const drag = (from: number, to: number) =>
    userEvent.dragAndDrop(area, area, { sourcePosition: { x: from, y: from }, targetPosition: { x: to, y: to } });
  await drag(20, 90);
  await near([20, 20, 90, 90].map((at) => at * scale));
  await drag(50, 80);
  await near([50, 50, 120, 120].map((at) => at * scale));
});

test("a box that lies outside is one sentence, and nothing comes of it", async () => {
  const before = made().length;
  const right = page.getByRole("spinbutton", { name: "right" });
  await right.fill("600");
  await userEvent.keyboard("{Enter}");
  await page.getByRole("button", { name: "What if it had looked here?" }).click();
  await soon(() =>
    expect(complaint()).toMatch(
      /^Expected a box of at least one pixel inside the picture, which is 512 × 512, found \[.*600.*\]; move it inside$/,
    ),
  );
  expect(made().length).toBe(before);
  await right.fill("200");
  await userEvent.keyboard("{Enter}");
});

test("a token of the list goes on from there, and the branch is stepped through with its marks", async () => {
  // Onto the first token of the answer's turn.
  await userEvent.keyboard("{End}{Shift>}{ArrowLeft}{/Shift}");
  (document.activeElement as HTMLElement).blur();
  await userEvent.keyboard("{ArrowRight}");
  const tool = zoomed.rollout.segments.findIndex(({ source }) => source === "tool");
  const at = zoomed.rollout.segments.slice(0, tool + 1).reduce((n, { tokens }) => n + tokens.length, 0);
  context.store.cursor.value = { rollout: zoomed.rollout.id, tokens: at + 1 };
  await expect.element(page.getByRole("button", { name: /^Continue with “/ }).first()).toBeVisible();
  const others = page.getByRole("button", { name: /^Continue with “/ }).elements();
  expect(others.length).toBeGreaterThan(3);
  const before = made().length;
  await page
    .getByRole("button", { name: /^Continue with “/ })
    .nth(1)
    .click();
  await soon(() => expect(made().length).toBe(before + 1));
  const branch = made().at(-1)!;
  expect(branch).toMatchObject({ what: { kind: "token", at }, place: at });
  expect(branch.rollout.segments.slice(0, tool + 1)).toEqual(zoomed.rollout.segments.slice(0, tool + 1));
  await page.getByRole("button", { name: "Step through it" }).first().click();
  await soon(() => expect(context.store.chosen.value!.branch?.id).toBe(branch.id));
  await soon(() => expect(host.querySelectorAll(".tok.given").length).toBe(1));
  await expect.element(page.getByText(/underlined: written by a person/)).toBeVisible();
  // Back to the rollout by the tree.
  await page.getByRole("button", { name: /^Original/ }).click();
  await soon(() => expect(context.store.chosen.value!.rollout).toBe(zoomed.rollout));
});

test("a result is faked, and the crop that the model got is shown", async () => {
  await page.getByRole("radio", { name: "Another result" }).click();
  const branch = await branchBy("What if it had got this?");
  expect(branch.rollout.calls[0]!.replaced).toMatchObject({ kind: "blank" });
  await page
    .getByRole("button", { name: new RegExp(`^Branch ${branch.id.split("~")[1]} given a blank picture`) })
    .click();
  await expect.element(page.getByText("replaced by a blank picture")).toBeVisible();
  const crops = [...host.querySelectorAll<HTMLCanvasElement>(".crops canvas")];
  await soon(() => expect(crops.length).toBeGreaterThanOrEqual(1));
  // What was typed is read by the model as its tool's answer.
  await page.getByRole("combobox", { name: "The tool gives" }).selectOptions("an error message");
  await page.getByRole("button", { name: "What if it had got this?" }).click();
  await soon(() => expect(complaint()).toMatch(/^Expected the text of an error, found none/));
  await page.getByRole("textbox", { name: "What it reads" }).fill("Error: out of order");
  const child = await branchBy("What if it had got this?");
  expect(child).toMatchObject({ parent: branch.id, rollout: { calls: [{ message: "Error: out of order" }] } });
});

test("text, a denied call and another question; a branch that is removed takes those below it", async () => {
  context.store.pinned.value = zoomed.rollout.id;
  await page.getByRole("radio", { name: "No tool" }).click();
  const denied = await branchBy("What if it could not call?");
  expect(denied.rollout.calls).toEqual([]);
  await page.getByRole("radio", { name: "Write something" }).click();
  await page.getByRole("button", { name: "What if it had written this?" }).click();
  await soon(() => expect(complaint()).toMatch("Expected a text, found none"));
  await page.getByRole("textbox", { name: /^Replaces/ }).fill("<answer>7</answer><|im_end|>");
  const typed = await branchBy("What if it had written this?");
  expect(typed.rollout.answer).toBe("7");
  await page.getByRole("radio", { name: "Ask something else" }).click();
  await page.getByRole("textbox", { name: /^New question/ }).fill("What digit is on the blue circle?");
  const asked = await branchBy("What if this were asked?");
  expect(asked.task.question).toBe("What digit is on the blue circle?");
  await soon(() => expect(outcome()).toContain("not judged"));

  const before = made().length;
  const parent = made().find(({ what }) => what.kind === "result")!;
  const number = parent.id.split("~")[1];
  await page.getByRole("button", { name: `Remove Branch ${number}`, exact: true }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await soon(() => expect(made().length).toBe(before - 2));
  // Another visit finds them.
  expect(await worker.rollouts.branches(tree)).toEqual(made());
  // So does a link, in another visit.
  context.store.pinned.value = typed.id;
  const link = new URLSearchParams({ run, tab: "step", rollout: typed.id.replaceAll("·", ".") });
  render(null, host);
  history.replaceState(null, "", `?preset=needle&${link}`);
  const again = makePage(worker);
  const unfollow = followAddress(again.store, again.control);
  render(<Page page={again} />, host);
  await soon(() => expect(again.store.chosen.value?.branch?.id).toBe(typed.id));
  await soon(() => expect(host.querySelectorAll(".tok.given").length).toBeGreaterThan(1));
  expect(again.store.notices.list.value).toEqual([]);
  unfollow();
});
