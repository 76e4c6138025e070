import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { followAddress } from "../../src/app/web/frame/address.ts";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { savedLog } from "../../src/app/web/run/saved_log.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
let unfollow: () => void = () => {};
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  unfollow();
  render(null, host);
  host.remove();
});

const events = [...fakeEvents(resolveConfig({ seed: 7, steps: 9, tasksPerStep: 2, rolloutsPerTask: 3 }))];

/** The page as a browser opens it at an address. */
function openAt(search: string) {
  unfollow();
  render(null, host);
  history.replaceState(null, "", search);
  const fake = new FakeRun();
  fake.store("mine", events);
  const context = makePage(fake);
  context.store.gpuProblem.value = "There is none";
  unfollow = followAddress(context.store, context.control);
  render(<Page page={context} />, host);
  return context;
}

const address = () => Object.fromEntries(new URLSearchParams(location.search));
const recorded = () => host.querySelector(".runbar")?.textContent ?? "";
const position = () => host.querySelector(".time [role=status]")?.textContent ?? "";

describe("what is looked at", () => {
  test("stands in the address, and is there again after a reload", async () => {
    const { store, control } = openAt("?preset=needle&seed=1");
    await control.openStored("mine");
    control.replay.seek(6);
    store.chosenStep.value = 3;
    store.pinned.value = "3·1·2";
    store.tab.value = "step";
    await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    const before = position();
    await soon(() =>
      expect(address()).toMatchObject({
        run: "mine",
        tab: "step",
        step: "3",
        at: "6",
        rollout: "3.1.2",
        token: before.match(/\d+/)![0],
      }),
    );
    const { search } = location;
    const again = openAt(search);
    await soon(() => expect(position()).toBe(before));
    expect(recorded()).toContain("recorded step 6 of 9");
    expect(again.store.chosenStep.value).toBe(3);
    expect(again.store.chosen.value!.rollout.id).toBe("3·1·2");
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(location.search).toBe(search);
  });

  test("a whole run stays whole beside a rollout of an early step", async () => {
    const { store, control } = openAt("?preset=needle&seed=1");
    await control.openStored("mine");
    store.pinned.value = "1·0·0";
    await soon(() => expect(address()).toMatchObject({ rollout: "1.0.0", at: "9" }));
    openAt(location.search);
    await soon(() => expect(recorded()).toContain("recorded step 9 of 9"));
  });

  test.each([
    ["?run=mine&step=4", "recorded step 4 of 9", null],
    ["?run=mine&rollout=6.1.0&tab=step", "recorded step 6 of 9", "6·1·0"],
    ["?run=mine&step=2&task=2", "recorded step 2 of 9", "2·1·0"],
    ["?run=mine&step=400", "recorded step 9 of 9", null],
    ["?run=recording/needle&step=34", "recorded step 34 of 100", null],
    ["?run=recording/needle&rollout=12.3.2&tab=step", "recorded step 12 of 100", "12·3·2"],
  ])("a link leads there: %s", async (search, text, rollout) => {
    const { store } = openAt(search);
    await soon(() => expect(recorded()).toContain(text));
    expect(store.replay.value!.playing).toBe(false);
    expect(store.pinned.value).toBe(rollout);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(recorded()).toContain(text);
  });

  test.each([
    ["rollout=..~..", /^The run has no rollout/],
    ["rollout=~", /^The run has no rollout/],
    ["rollout=", /^The run has no rollout/],
    ["rollout=6.1.0~x", /^There is no branch 6·1·0~x; the rollout 6·1·0 is shown/],
    ["rollout=6.1.0~1e999", /^There is no branch 6·1·0~1e999; the rollout/],
    ["rollout=6.1.0~", /^There is no branch 6·1·0~; the rollout/],
    ["rollout=%3Cscript%3Ealert(1)%3C/script%3E", /^The run has no rollout <script>/],
    ["rollout=6.1.0&token=999999999", null],
    ["rollout=6.1.0&token=0", null],
    ["rollout=6.1.0&step=0&at=0&task=0", null],
    ["rollout=6.1.0&step=999999999&at=999999999", null],
    ["rollout=6.1.0&panels=constructor.-tree.tostring", null],
    ["token=-1", /^In the address: token must be a whole number of at most nine digits, found "-1"/],
    ["panels=__proto__", /^In the address: panels must be names with dots between them/],
  ])("a damaged link still shows a rollout: %s", async (damaged, sentence) => {
    const alerted = vi.spyOn(window, "alert");
    const { store } = openAt(`?preset=needle&seed=1&run=mine&tab=step&${damaged}`);
    await soon(() => expect(position()).toMatch(/^token \d+ of/));
    const said = () => store.notices.list.value.map(({ sentence: one }) => one);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(said()).toEqual(sentence === null ? [] : [expect.stringMatching(sentence)]);
    expect(host.textContent).not.toMatch(/NaN|undefined|failed to/);
    expect(alerted).not.toHaveBeenCalled();
    expect(host.querySelector("script")).toBeNull();
  });

  test("what a link names and the run lacks is said", async () => {
    const { store } = openAt("?run=mine&rollout=77.0.0&tab=step");
    await expect.element(page.getByText("The run has no rollout 77·0·0; another of it is shown")).toBeVisible();
    expect(store.pinned.value).toBeNull();
    openAt("?run=nobody&step=3&token=x");
    await expect.element(page.getByText("The run nobody is not in this browser.")).toBeVisible();
    await expect
      .element(page.getByText('In the address: token must be a whole number of at most nine digits, found "x"'))
      .toBeVisible();
  });

  test("Back and Forward lead through runs, tabs and rollouts", async () => {
    const { store, control } = openAt("?preset=needle&seed=1&tab=runs");
    const wait = (run: string | undefined, tab: string | undefined, rollout?: string) =>
      soon(() => {
        const { run: foundRun, tab: foundTab, rollout: foundRollout } = address();
        expect([foundRun, foundTab, foundRollout]).toEqual([run, tab, rollout]);
      });
    await wait(undefined, "runs");
    await control.openStored("mine");
    await wait("mine", undefined);
    store.pinned.value = "2·0·1";
    store.tab.value = "step";
    await wait("mine", "step", "2.0.1");
    store.pinned.value = "2·0·2";
    await wait("mine", "step", "2.0.2");
    history.back();
    await soon(() => expect(store.pinned.value).toBe("2·0·1"));
    history.back();
    await soon(() => expect([store.tab.value, store.pinned.value]).toEqual(["train", null]));
    history.back();
    await soon(() => expect([store.tab.value, store.replay.value]).toEqual(["runs", null]));
    history.forward();
    await soon(() => expect(store.replay.value?.link).toBe("mine"));
    history.forward();
    await soon(() => expect([store.tab.value, store.pinned.value]).toEqual(["step", "2·0·1"]));
  });

  test("a file is asked for again, and the same place is shown", async () => {
    const text = events.map((event) => JSON.stringify(event)).join("\n");
    const search = "?preset=needle&seed=1&tab=step&run=file%3Aevents.jsonl&step=4&rollout=4.0.1&token=30";
    const { control, store } = openAt(search);
    const asking = page.getByText(/^events\.jsonl was opened from a file, which a page cannot open by itself/);
    await expect.element(asking).toBeVisible();
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(location.search).toBe(search);
    await control.openFile(new File([text], "events.jsonl"));
    await soon(() => expect(position()).toMatch(/^token 30 of/));
    expect(store.pinned.value).toBe("4·0·1");
    expect(recorded()).toContain("recorded step 4 of 9");
    await expect.element(asking).not.toBeInTheDocument();
  });

  test("a run of another browser is asked for, and its log, as Runs saves it, leads to the same place", async () => {
    const search = "?preset=needle&seed=1&tab=step&run=theirs&rollout=4.0.1&token=30";
    const { control, store } = openAt(search);
    const asking = page.getByText(/^The run theirs is not in this browser\. It is kept in the one that made it/);
    await expect.element(asking).toBeVisible();
    expect(store.notices.list.value).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(location.search).toBe(search);
    await control.openFile(new File([await savedLog(events)], "theirs.jsonl.gz"));
    await soon(() => expect(position()).toMatch(/^token 30 of/));
    expect(store.pinned.value).toBe("4·0·1");
    await expect.element(asking).not.toBeInTheDocument();
  });

  test("a branch of another browser leads to the rollout that it left, with a sentence", async () => {
    const { store } = openAt("?preset=needle&seed=1&run=mine&rollout=6.1.0~3&tab=step");
    await expect.element(page.getByText(/^Branch 3 of this rollout is kept in the browser that made it/)).toBeVisible();
    expect([store.pinned.value, store.chosen.value!.rollout.id]).toEqual(["6·1·0", "6·1·0"]);
    expect(recorded()).toContain("recorded step 6 of 9");
    await soon(() => expect(address().rollout).toBe("6.1.0"));
  });

  test("links to a rollout and to a token are copied, and what they need beside them is said", async () => {
    const copied = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const { store } = openAt("?preset=needle&seed=1&run=recording/needle&rollout=12.3.2&tab=step&token=40");
    await soon(() => expect(position()).toMatch(/^token 40 of/));
    await page.getByRole("button", { name: "Copy link to token 40" }).click();
    const link = new URL(copied.mock.lastCall![0]);
    await expect.element(page.getByText("Copied", { exact: true }).first()).toBeVisible();
    await page.getByRole("button", { name: "Copy link to this rollout" }).click();
    expect(new URL(copied.mock.lastCall![0]).searchParams.has("token")).toBe(false);
    // As another person's browser opens it
    store.panels.value = {};
    openAt(link.search);
    await soon(() => expect(position()).toMatch(/^token 40 of/));
    expect(recorded()).toContain("recorded step 12 of 100");

    const other = openAt("?preset=needle&seed=1&run=mine&rollout=6.1.0&tab=step");
    await soon(() => expect(other.store.chosen.value?.rollout.id).toBe("6·1·0"));
    await page.getByRole("button", { name: "Copy link to this rollout" }).click();
    expect(Object.fromEntries(new URL(copied.mock.lastCall![0]).searchParams)).toMatchObject({
      run: "mine",
      rollout: "6.1.0",
    });
    await expect
      .element(page.getByText(/The run mine is kept in this browser: elsewhere the link asks for its log/))
      .toBeVisible();
    copied.mockRestore();
  });

  test("panels that were opened or folded stand in the address", async () => {
    const search = "?preset=needle&seed=1&run=mine&rollout=6.1.0&tab=step&panels=-reward";
    openAt(search);
    const card = (name: string) => host.querySelector<HTMLDetailsElement>(`#panel-${name}`)!;
    await soon(() => expect([card("token").open, card("reward").open]).toEqual([true, false]));
    card("reward").querySelector("summary")!.click();
    card("siblings").querySelector("summary")!.click();
    await soon(() => expect(address().panels).toBe("reward.-siblings"));
  });

  test("a live run is named once something of it is looked at", async () => {
    const { control, store } = openAt("?preset=needle&seed=1");
    store.gpuProblem.value = null;
    await control.open();
    await control.step();
    await soon(() => expect(store.live.value.step).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(address().run).toBeUndefined();
    store.tab.value = "step";
    await soon(() => expect(address()).toMatchObject({ tab: "step", run: store.storedAs.value!, at: "1" }));
    expect(address().rollout).toBe(store.chosen.value!.rollout.id.replaceAll("·", "."));
  });
});
