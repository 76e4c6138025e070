import axe from "axe-core";
import { render } from "preact";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { followAddress } from "../../src/app/web/frame/address.ts";
import { makePage, type PageParts } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { readUrl } from "../../src/app/web/run/url_state.ts";
import { keepMark, keptMarks } from "../../src/app/web/worker/mark_store.ts";
import { createRunStore, removeRun } from "../../src/app/web/worker/run_store.ts";
import { storedPieces, storedStep } from "../../src/app/web/worker/stored_pieces.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";

let host: HTMLElement;
let context: PageParts;
let fake: FakeRun;
const config = resolveConfig({ seed: 7, steps: 12, tasksPerStep: 8, rolloutsPerTask: 4 });
const recorded = [...fakeEvents(config)];
const rollouts = recorded.flatMap((event) => (event.type === "group" ? event.rollouts : []));
const count = (wanted: (one: (typeof rollouts)[number]) => boolean): number => rollouts.filter(wanted).length;
const isWrong = (one: (typeof rollouts)[number]) => one.end === "answer" && one.reward?.right === false;
const zoomed = (one: (typeof rollouts)[number]) => one.calls.some(({ outcome }) => outcome === "ok");

const mount = async () => {
  fake = new FakeRun();
  fake.store("recorded", recorded);
  context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.open();
};
beforeEach(async () => {
  await page.viewport(1440, 900);
  localStorage.removeItem("saccade.filters");
  history.replaceState(null, "", location.pathname);
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
  await mount();
});
afterEach(() => {
  render(null, host);
  host.remove();
});

/** The list of the recorded run. */
async function listed(): Promise<void> {
  await context.control.openStored("recorded");
  await page.getByRole("button", { name: "Rollouts", exact: true }).click();
  await expect.element(grid()).toBeVisible();
}
const grid = () => page.getByRole("grid", { name: /^Rollouts, / });
const found = () => grid().element().getAttribute("aria-label");
const rows = () => [...document.querySelectorAll<HTMLElement>("[data-rollout]")];
const field = () => page.getByRole("searchbox");

describe("the list of rollouts", () => {
  test("filters by words and by facets, which count what each value would give", async () => {
    await listed();
    expect(found()).toBe(`Rollouts, ${rollouts.length} of ${rollouts.length}`);
    const both = count((one) => isWrong(one) && zoomed(one));
    expect(both).toBeGreaterThan(0);
    await field().fill("is:wrong");
    await expect.poll(found).toBe(`Rollouts, ${count(isWrong)} of ${rollouts.length}`);
    expect(page.getByRole("checkbox", { name: /^wrong/ })).toBeChecked();
    await expect.element(page.getByRole("checkbox", { name: new RegExp(`^zoomed ${both}$`) })).toBeVisible();
    await page.getByRole("checkbox", { name: /^zoomed/ }).click();
    await expect.poll(found).toBe(`Rollouts, ${both} of ${rollouts.length}`);
    expect(field()).toHaveValue("is:wrong tool:used");
    await page.getByRole("textbox", { name: "Step, at least" }).fill("11");
    await userEvent.keyboard("{Enter}");
    const late = count((one) => isWrong(one) && zoomed(one) && one.step >= 11);
    await expect.poll(found).toBe(`Rollouts, ${late} of ${rollouts.length}`);
    await page.getByRole("button", { name: "Show all" }).click();
    await expect.poll(found).toBe(`Rollouts, ${rollouts.length} of ${rollouts.length}`);
  });

  test("a filter that is none is explained, and the list stays", async () => {
    await listed();
    await field().fill("is:rihgt");
    await expect.element(page.getByText(/found "rihgt"; did you mean "right"\?/)).toBeVisible();
    expect(field()).toHaveAttribute("aria-invalid", "true");
    expect(rows().length).toBeGreaterThan(5);
    await field().fill("nowhere-at-all");
    await expect.element(page.getByText(/^No rollout of the 384 is like that/)).toBeVisible();
  });

  test("draws the rows that are seen, wherever it is scrolled, and sorts by a heading", async () => {
    await listed();
    await expect.poll(() => rows().length).toBeGreaterThan(5);
    expect(rows().length).toBeLessThan(40);
    await page.getByRole("button", { name: "Reward", exact: true }).click();
    const paid = rollouts.map(({ reward }) => reward?.total ?? Number.NEGATIVE_INFINITY);
    const best = rollouts[paid.indexOf(Math.max(...paid))]!;
    await expect.poll(() => rows()[0]?.dataset.rollout).toBe(best.id);
    grid().element().scrollTop = 1e7;
    await expect.poll(() => rows().at(-1)?.getAttribute("aria-rowindex")).toBe(String(rollouts.length + 1));
    expect(rows().length).toBeLessThan(40);
    await page.getByRole("button", { name: "Reward", exact: true }).click();
    await expect.poll(() => page.getByRole("columnheader", { name: "Reward" }).element().ariaSort).toBe("ascending");
    // Another order begins at its top.
    expect(grid().element().scrollTop).toBe(0);
  });

  test("keys lead through it; Enter steps through the rollout", async () => {
    await listed();
    await field().fill("is:wrong");
    await expect.poll(found).toMatch(new RegExp(`^Rollouts, ${count(isWrong)} of`));
    (grid().element() as HTMLElement).focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowUp}");
    const second = rollouts.filter(isWrong)[1]!;
    await expect.poll(() => context.store.pinned.value).toBe(second.id);
    const chosen = page.getByRole("complementary", { name: "Chosen rollout" });
    const { step, taskIndex, rolloutIndex } = second;
    const title = `Step ${step}, task ${taskIndex + 1}, rollout ${rolloutIndex + 1}`;
    await expect.element(chosen.getByText(title)).toBeVisible();
    await userEvent.keyboard("{End}");
    await expect.poll(() => context.store.pinned.value).toBe(rollouts.filter(isWrong).at(-1)!.id);
    await userEvent.keyboard("{Enter}");
    await expect.element(page.getByRole("region", { name: "Transcript" })).toBeVisible();
  });

  test("stands in the address, which a link and Back lead to; a filter of a link that is none is said once", async () => {
    history.replaceState(null, "", "?run=recorded&tab=rollouts&find=is%3Aright");
    const stop = followAddress(context.store, context.control);
    try {
      await expect.element(field()).toHaveValue("is:right");
      await field().fill('is:wrong step:2..3 "digit"');
      await page.getByRole("button", { name: "Adv." }).click();
      await expect.poll(() => new URLSearchParams(location.search).get("sort")).toBe("-advantage");
      const { state, messages } = readUrl(location.search);
      expect(messages).toEqual([]);
      expect(state).toMatchObject({ tab: "rollouts", run: "recorded", sort: "-advantage" });
      expect(state.find).toContain("is:wrong step:2..3");
    } finally {
      stop();
    }
    const broken = readUrl("?tab=rollouts&find=is%3Aodd&sort=colour");
    expect(broken.messages).toEqual([
      expect.stringMatching(/^In the address: "is:" takes right, wrong/),
      expect.stringMatching(/^In the address: Rollouts cannot be sorted by "colour"/),
    ]);
    expect(broken.state).toMatchObject({ find: "", sort: "" });
  });

  test("filters are kept under a name, in this browser", async () => {
    await listed();
    await page.getByRole("button", { name: "wrong, though it zoomed" }).click();
    await expect.poll(found).toMatch(new RegExp(`^Rollouts, ${count((one) => isWrong(one) && zoomed(one))} of`));
    await field().fill("step:3 is:wrong");
    await page.getByRole("button", { name: "Keep this filter…" }).click();
    await page.getByRole("textbox", { name: "A name for this filter" }).fill("third");
    await userEvent.keyboard("{Enter}");
    const third = page.getByRole("button", { name: "third", exact: true });
    await expect.element(third).toHaveAttribute("aria-pressed", "true");
    expect(JSON.parse(localStorage.getItem("saccade.filters")!)).toMatchObject([{ name: "third", sort: "" }]);
    await page.getByRole("button", { name: "Show all" }).click();
    await third.click();
    await expect.poll(found).toMatch(new RegExp(`^Rollouts, ${count((one) => isWrong(one) && one.step === 3)} of`));
    await page.getByRole("button", { name: "Forget the filter third" }).click();
    expect(third.query()).toBe(null);
  });

  test("what is said of a rollout is found, and leaves with what is saved", async () => {
    await listed();
    rows()[2]!.click();
    const chosen = page.getByRole("complementary", { name: "Chosen rollout" });
    await chosen.getByRole("textbox", { name: "Note" }).fill("looks beside it");
    await chosen.getByRole("textbox", { name: /^Tags/ }).fill("blur,  two words ,blur");
    await chosen.getByRole("checkbox", { name: "The judge is wrong here" }).click();
    await expect.element(page.getByRole("checkbox", { name: "the judge is wrong 1" })).toBeVisible();
    await page.getByRole("checkbox", { name: "two words 1" }).click();
    await expect.poll(found).toBe("Rollouts, 1 of 384");
    expect(rows()[0]!.textContent).toMatch(/judge is wrong.*blur.*two words.*note/);
    const saved = vi.spyOn(URL, "createObjectURL");
    await page.getByRole("button", { name: "Save as JSONL" }).click();
    await expect.poll(() => saved.mock.calls.length).toBe(1);
    const line = JSON.parse(await (saved.mock.calls[0]![0] as Blob).text());
    expect(line).toMatchObject({ id: rollouts[2]!.id, note: "looks beside it", judge_wrong: true });
    expect(line.tags).toEqual(["blur", "two words"]);
    saved.mockRestore();
    // Another run has marks of its own, and this one has them again.
    context.control.replay.close();
    await listed();
    expect(context.marks.of(rollouts[2]!.id).note).toBe("looks beside it");
    // A note is kept while its field is not left; what the storage refuses is not called kept.
    await expect.poll(() => rows().length).toBe(1);
    rows()[0]!.click();
    const note = chosen.getByRole("textbox", { name: "Note" });
    await expect.element(note).toHaveValue("looks beside it");
    const type = (text: string) => {
      const area = note.element() as HTMLTextAreaElement;
      area.value = text;
      area.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    type("looks above it");
    await expect.poll(() => context.marks.of(rollouts[2]!.id).note).toBe("looks above it");
    await expect.element(chosen.getByText("Kept in this browser.", { exact: false })).toBeVisible();
    const refused = vi.spyOn(fake.rollouts, "mark").mockRejectedValue(new Error("The browser's storage is full"));
    type("looks below it");
    await expect.element(page.getByText("The browser's storage is full")).toBeVisible();
    await expect.poll(() => chosen.element().textContent).not.toContain("Kept in this browser.");
    expect(context.marks.of(rollouts[2]!.id).note).toBe("looks below it");
    refused.mockRestore();
    context.store.notices.list.value = [];
  });

  test("of a run under way grows; a rollout whose step left memory is read from the log", async () => {
    context.store.changes.value = { preset: "needle", seed: 3, steps: 60, tasksPerStep: 2, rolloutsPerTask: 2 };
    await context.control.toggle();
    context.store.tab.value = "rollouts";
    await expect.element(grid()).toBeVisible();
    await expect.poll(() => context.store.player.value, { timeout: 20_000 }).toBe("over");
    await expect.poll(found, { timeout: 5000 }).toBe("Rollouts, 240 of 240");
    expect(context.store.steps.value.length).toBe(50);
    expect(context.store.steps.value[0]!.step).toBe(11);
    await field().fill("step:2");
    await expect.poll(found).toBe("Rollouts, 4 of 240");
    rows()[3]!.click();
    const chosen = page.getByRole("complementary", { name: "Chosen rollout" });
    await expect.element(chosen.getByText("Step 2, task 2, rollout 2")).toBeVisible();
  });

  test.each(["light", "dark"])("has nothing that axe-core finds, %s", async (theme) => {
    document.documentElement.dataset.theme = theme;
    await listed();
    rows()[1]!.click();
    await field().fill("is:wrong digit");
    await expect.poll(found).toMatch(/^Rollouts, \d+ of 384/);
    const { violations } = await axe.run(host, { rules: { region: { enabled: false } } });
    const own = violations.flatMap(({ id, nodes }) =>
      nodes
        .filter(({ target }) => !String(target).includes("header"))
        .map(({ html }) => `${id}: ${html.slice(0, 200)}`),
    );
    expect(own).toEqual([]);
    delete document.documentElement.dataset.theme;
  });
});

test("a step of 256 tasks with 16 rollouts each draws the rows that are seen", async () => {
  const wide = resolveConfig({ seed: 7, steps: 1, tasksPerStep: 256, rolloutsPerTask: 16 });
  fake.store("wide", [...fakeEvents(wide)]);
  await context.control.openStored("wide");
  await expect.poll(() => document.querySelectorAll(".group").length).toBe(256);
  await expect.poll(() => document.querySelectorAll(".cell").length).toBeGreaterThan(0);
  expect(document.querySelectorAll(".cell").length).toBeLessThan(40 * 16);
  const last = [...document.querySelectorAll(".group")].at(-1)!;
  expect(last.querySelector(".cell")).toBe(null);
  last.scrollIntoView();
  await expect.poll(() => last.querySelectorAll(".cell").length, { timeout: 10_000 }).toBe(16);
  expect(document.querySelectorAll(".cell").length).toBeLessThan(60 * 16);
});

describe("in this browser", () => {
  const remove = () =>
    new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase("saccade");
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
    });
  beforeAll(remove);
  afterAll(remove);

  test("the log of a stored run is read in pieces of whole lines, and a step of it by itself", async () => {
    const { name, store } = await createRunStore("pieces", config);
    const lines = recorded.filter(({ type }) => type !== "decode").map((event) => JSON.stringify(event));
    // As a run writes it: a step at a time.
    for (let at = 0; at < lines.length; ) {
      const end = lines.findIndex((line, i) => i >= at && line.startsWith('{"type":"update"')) + 1 || lines.length;
      await store.appendLog(lines.slice(at, end));
      at = end;
    }
    const read = async () => {
      let text = "";
      const shares: number[] = [];
      for await (const piece of storedPieces(name)) {
        expect(piece.text.endsWith("\n")).toBe(true);
        text += piece.text;
        shares.push(piece.share);
      }
      return { text, shares };
    };
    const whole = `${lines.join("\n")}\n`;
    expect(await read()).toEqual({ text: whole, shares: [1] });
    const third = await storedStep(name, 3);
    expect(third).toEqual(lines.filter((line) => /^\{"type":"(tasks|group)","step":3,/.test(line)));
    expect(third.length).toBe(1 + config.tasksPerStep);
    expect(await storedStep(name, 13)).toEqual([]);
    // A log that was replaced as a whole is one long piece.
    await store.replaceLog(whole.repeat(12));
    const { text, shares } = await read();
    expect(text).toBe(whole.repeat(12));
    expect(shares.length).toBeGreaterThan(1);
    await store.close();
    await keepMark(name, { rollout: "1·0·0", note: "odd", tags: [], judgeWrong: false, madeAt: "" });
    await removeRun(name);
    expect(await keptMarks(name)).toEqual([]);
    await expect(read()).rejects.toThrow("holds no run");
  });

  test("marks are kept by run and rollout, the last one", async () => {
    const mark = { note: "odd", tags: ["a"], judgeWrong: false, madeAt: "2026-01-02T03:04:05Z" };
    await keepMark("one", { rollout: "1·0·0", ...mark });
    await keepMark("one", { rollout: "1·0·0", ...mark, note: "even" });
    await keepMark("one, too", { rollout: "1·0·0", ...mark });
    expect(await keptMarks("one")).toEqual([{ rollout: "1·0·0", ...mark, note: "even" }]);
    expect(await keptMarks("other")).toEqual([]);
  });
});
