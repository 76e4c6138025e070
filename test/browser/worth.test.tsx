import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { page } from "vitest/browser";
import { connect } from "../../src/app/web/connect.ts";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { recordings } from "../../src/app/web/run/recordings.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { Metrics, TrainEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";
import { wordedEvents } from "../support/worded_run.ts";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

const text = (selector: string) => document.querySelector(selector)?.textContent ?? "";
const problems = () => [...document.querySelectorAll(".notice.error")].map((notice) => notice.textContent);
const press = (name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" }).click();

test("the recorded run's last step is probed by the weights that are open, and the page says which those are", async () => {
  const context = makePage(connect((error) => context.store.notices.error(error)));
  render(<Page page={context} />, host);
  await context.control.open();
  await context.control.openRecording(recordings[0]!);
  const { store } = context;
  const last = store.steps.value.at(-1)!;
  const rollout = last.groups.flatMap((group) => group ?? []).find(({ reward, calls }) => reward?.right && calls[0])!;
  expect(rollout.step).toBe(100);
  store.pinned.value = rollout.id;
  store.tab.value = "step";
  await page.getByText("What the crop was worth").click();
  await press("Measure");
  await expect
    .element(page.getByText(/^The crop made the difference: the right answer/), { timeout: 60_000 })
    .toBeVisible();
  expect(text(".worth-words")).toMatch(/a second look at the whole picture gives only /);
  expect(text("aside")).toContain(
    "Measured with the model at the start of the run, not with the weights that wrote this: a recording has no weights.",
  );
  const rows = [...document.querySelectorAll(".worth tbody tr")].map((row) => row.textContent);
  expect(rows).toHaveLength(5);
  expect(rows[0]).toMatch(/^the crop (> 99|9\d|8\d) %$/);
  expect(problems()).toEqual([]);
});

/** A page over invented events, with a model open. */
async function opened(events: TrainEvent[] = [...fakeEvents(config)], options = {}) {
  const fake = new FakeRun(options);
  fake.store("recorded", events);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.open();
  return { context, fake };
}

const config = resolveConfig({
  seed: 7,
  steps: 4,
  tasksPerStep: 2,
  rolloutsPerTask: 3,
  evalEvery: 1,
  evalCausal: true,
});

/** The same run with evaluations in which zooming dies out, and the tool was worth so much. */
function dying(without: number): TrainEvent[] {
  const metrics = (step: number): Metrics => ({
    accuracy: 0.8,
    zoom_rate: step < 3 ? 0.9 : 0.01,
    "causal/with_tool": step < 3 ? 0.8 : without,
    "causal/without_tool": step < 3 ? 0.1 : without,
    "causal/gain": step < 3 ? 0.7 : 0,
    "causal/harm": 0.02,
    "causal/right_anyway": 0.1,
    "causal/blind_loss": 0.3,
  });
  return [...fakeEvents(config)].flatMap((event): TrainEvent[] =>
    event.type === "eval" ? [{ ...event, greedy: false, metrics: metrics(event.step) }, event] : [event],
  );
}

describe("a run whose evaluations measure crops", () => {
  test.each([
    [0.85, "harmless so far", "Right without a call now 85 %; while it zoomed, 80 % with the crops and 10 % without."],
    [0.2, "harmful", "Right without a call now 20 %; while it zoomed, 80 % with the crops and 10 % without."],
  ] as const)(
    "has the worth of its tool beside accuracy; a dying zoom rate at %s is marked",
    async (without, word, sentence) => {
      const { context } = await opened(dying(without));
      await context.control.openStored("recorded");
      await expect
        .element(page.getByRole("img", { name: /^worth of the tool, held-out over steps, 4 points/ }))
        .toBeVisible();
      const titles = [...document.querySelectorAll(".plot h3")].map((title) => title.textContent);
      expect(titles.slice(0, 2)).toEqual(["accuracy", "worth of the tool, held-out"]);
      expect(text(".zoom-verdict")).toContain(word);
      expect(text(".zoom-verdict")).toContain(sentence);
      expect(text(".light.good")).toContain("+0.300 nats");
      expect(text(".health")).toContain("In the evaluation after step 4.");
    },
  );

  test("and one that measures none has no such curve", async () => {
    const { context } = await opened();
    await context.control.openStored("recorded");
    await expect.element(page.getByRole("img", { name: /^accuracy over steps/ })).toBeVisible();
    expect(text(".plots")).not.toContain("worth of the tool");
  });
});

test("a step and an evaluation are measured from the page, and a question can be stopped", async () => {
  const { context, fake } = await opened([...fakeEvents(config)], { delayMs: 10 });
  await context.control.openStored("recorded");
  await press("Measure step 4");
  await expect.element(page.getByText(/^In \d rollouts? with a crop the right answer has/)).toBeVisible();
  expect(text(".causal")).toContain("Measured with the stored checkpoint at the start");
  expect(document.querySelectorAll(".causal .worth tbody tr")).toHaveLength(5);
  expect(page.getByRole("button", { name: "Evaluate 256 held-out tasks" }).elements()).toEqual([]);
  expect(text(".causal")).toContain("close the recording to make one");
  await soon(() => expect(text(".light.good")).toContain("+0.320 nats"));

  context.control.replay.close();
  await expect.element(page.getByText(/^Measures the probability of the right answers/)).toBeVisible();
  await press("Evaluate 256 held-out tasks");
  await soon(() => expect(text(".causal h2")).toBe("What the crops were worth 256 held-out tasks"));
  expect(fake.asked.at(-1)).toBe("evaluate 256 now 0");

  await context.control.openStored("recorded");
  await press("Measure step 4");
  await press("Stop");
  await expect.element(page.getByRole("button", { name: "Measure step 4" })).toBeEnabled();
  expect(problems()).toEqual([]);
});

describe("the judge's words", () => {
  const prompt = "system:\nCompare.\n\nuser:\nIs it north?";
  const worded = (own: RunConfig) =>
    wordedEvents(own).map((event) =>
      event.type === "group"
        ? {
            ...event,
            rollouts: event.rollouts.map((rollout) => ({
              ...rollout,
              judged: {
                verdict: {
                  right: rollout.reward!.right,
                  rule: "judge verl",
                  votes: [
                    { model: "qwen-judge", right: true },
                    { model: "second", right: false },
                    { model: "third", right: null },
                  ],
                },
                words: { model: "qwen-judge", prompt, reply: "Judgement: <b>1</b>", latencyMs: 412.4 },
              },
            })),
          }
        : event,
    );

  test("stand on the rollout: prompt, reply, verdict and time", async () => {
    const { context } = await opened(worded({ ...config, judge: "verl" }));
    await context.control.openStored("recorded");
    context.store.tab.value = "step";
    await expect.element(page.getByText("The judge’s words")).toBeVisible();
    expect(text("[aria-label='The judge’s reply']")).toBe("Judgement: <b>1</b>");
    expect(text("[aria-label='The prompt of the judge']")).toBe(prompt);
    expect(text("aside")).toContain("verl · qwen-judge");
    expect(text("aside")).toContain("412 ms");
    const votes = [...document.querySelectorAll("ul.votes li")].map((vote) => vote.textContent);
    expect(votes).toEqual(["qwen-judge: right", "second: wrong", "third: no verdict"]);
  });

  test("are not there where rules decided", async () => {
    const { context } = await opened();
    await context.control.openStored("recorded");
    context.store.tab.value = "step";
    await expect.element(page.getByText("What the crop was worth")).toBeVisible();
    expect(page.getByText("The judge’s words").elements()).toHaveLength(0);
  });

  test("a verdict that another judge changed leads to its rollout", async () => {
    const { context } = await opened(worded({ ...config, judge: "verl" }));
    context.store.tab.value = "runs";
    context.rejudge.show("recorded");
    await page.getByLabelText("verdicts", { exact: true }).selectOptions("rules");
    await press("Judge again");
    await expect.element(page.getByText("Verdicts that differ")).toBeVisible();
    const link = document.querySelector<HTMLAnchorElement>(".verdicts a")!;
    const rollout = link.textContent;
    expect(link.search).toContain(`tab=step&run=recorded&rollout=${rollout.replaceAll("·", ".")}`);
    link.click();
    await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
    expect(context.store.chosen.value!.rollout.id).toBe(rollout);
  });
});

describe("Learn", () => {
  test("has sentences whose buttons set the experiment that they speak of, and start it", async () => {
    const { context, fake } = await opened();
    await press("Learn");
    await press("pay for every zoom, with grey crops");
    expect(context.store.config.value).toMatchObject({ preset: "needle", bonus: "unconditional", crop: "blank" });
    await press("story without a bonus");
    expect(context.store.config.value).toMatchObject({
      preset: "story",
      bonus: "none",
      evalCausal: true,
      crop: "source",
    });
    await expect
      .element(page.getByRole("button", { name: "story without a bonus" }))
      .toHaveAttribute("aria-pressed", "true");
    expect(text(".lessons")).not.toContain("measured with");
    await expect.element(page.getByText(/^Set: story, bonus none, evalCausal true, seed/)).toBeVisible();
    expect(document.querySelectorAll(".lesson .expect")).toHaveLength(6);
    await press("Start this run");
    await soon(() => expect(fake.asked).toContain("start none 4"));
    expect(context.store.tab.value).toBe("train");
    await context.control.toggle();
  });

  test("shows groups of the recorded run, and probes its last step", async () => {
    const { context, fake } = await opened();
    const { store } = context;
    const rewards = () => store.chosen.value!.siblings.map(({ reward }) => reward!.total);
    await press("Learn");
    await press("Show a group whose attempts differ");
    await soon(() => expect(store.tab.value).toBe("train"));
    expect(new Set(rewards()).size).toBeGreaterThan(1);
    await press("Learn");
    await press("show one of those");
    await soon(() => expect(store.tab.value).toBe("train"));
    expect(new Set(rewards()).size).toBe(1);
    await press("Learn");
    await press("probe the recorded run’s last step");
    await expect.element(page.getByText(/^In \d+ rollouts with a crop the right answer has/)).toBeVisible();
    expect(store.chosenStep.value).toBe(100);
    expect(fake.asked.filter((line) => line.startsWith("worths"))).toHaveLength(16);
    await soon(() => expect(document.querySelector("#crops-worth")!.getBoundingClientRect().top).toBeLessThan(900));
  });
});
