import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { storedLog, storedRuns } from "../../src/app/web/worker/run_store.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { type FakeOptions, FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

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

const notices = () =>
  [...document.querySelectorAll(".notice")].map((notice) => notice.querySelector("span")!.textContent);

describe("the product's page", () => {
  test("trains a step in its worker, shows it, and keeps the run", async () => {
    const address = "?preset=needle&seed=3&steps=1&tasksPerStep=2&rolloutsPerTask=2&warmupSteps=0&maxToolCalls=0";
    history.replaceState(null, "", address);
    const complaints = vi.spyOn(console, "error");
    await import("../../src/app/web/main.tsx");

    const start = page.getByRole("button", { name: "Start", exact: true });
    await expect.element(start, { timeout: 30_000 }).toBeEnabled();
    expect(document.querySelector(".chips")!.textContent).toMatch(/needle · 1\.4\d M/);
    await expect.element(page.getByRole("heading", { name: /^A small vision-language model learns/ })).toBeVisible();
    await start.click();
    await expect.element(page.getByRole("button", { name: "Pause" })).toBeVisible();
    await expect.element(page.getByText("The run is done: 1 step"), { timeout: 90_000 }).toBeVisible();

    expect(notices()).toEqual(["The run is done: 1 step"]);
    await expect.element(page.getByRole("progressbar", { name: "Steps of the run" })).toHaveValue(1);
    await expect
      .element(page.getByRole("img", { name: /^accuracy over steps, 1 points, .* at step 1$/ }))
      .toBeVisible();
    await expect.element(page.getByRole("img", { name: /^reward by part over steps, 1 points/ })).toBeVisible();

    const run = (await storedRuns()).find(({ seed }) => seed === 3);
    expect(run).toMatchObject({ preset: "needle", step: 1, steps: 1 });
    const events = (await storedLog(run!.name))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as TrainEvent);
    expect(events.map(({ type }) => type)).toEqual([
      "run",
      "tasks",
      "group",
      "group",
      "update",
      ...events.filter(({ type }) => type === "alarm").map(() => "alarm"),
      "checkpoint",
      "end",
    ]);
    const update = events.find((event) => event.type === "update")!;
    expect(update.metrics.ratio_drift).toBe(0);
    expect(update.metrics.grad_norm).toBeGreaterThanOrEqual(0);

    await page.getByRole("button", { name: "Step through", exact: true }).click();
    await expect.element(page.getByText(/^token \d+ of \d+ · prompt$/)).toBeVisible();
    await expect.element(page.getByRole("img", { name: /^Original picture of “What digit is on the/ })).toBeVisible();
    await page.getByRole("button", { name: "Runs", exact: true }).click();
    await expect.element(page.getByRole("row", { name: /1 of 1/ })).toBeVisible();
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
  });
});

/** The page with a recorded run open on the tab that steps through it. */
async function recorded() {
  const fake = new FakeRun();
  const config = resolveConfig({ seed: 7, steps: 4, tasksPerStep: 2, rolloutsPerTask: 3 });
  const events = [...fakeEvents(config)];
  fake.store("recorded", events);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.openStored("recorded");
  const groups = events.filter((event) => event.type === "group");
  const zoomed = groups.flatMap(({ rollouts }) => rollouts).find(({ calls }) => calls.length > 0)!;
  context.store.pinned.value = zoomed.id;
  context.store.tab.value = "step";
  const lengths = zoomed.segments.map(({ tokens }) => tokens.length);
  return { context, rollout: zoomed, lengths, total: lengths.reduce((a, b) => a + b) };
}

describe("the page over a recorded run", () => {
  const position = () => document.querySelector(".time [role=status]")!.textContent;
  const press = async (keys: string) => {
    await userEvent.keyboard(keys);
    return position();
  };

  test("goes by keys: tokens, turns, the tool, both ends", async () => {
    const { lengths, total } = await recorded();
    const [prompt, first, tool, second] = lengths as [number, number, number, number];
    await expect.element(page.getByText(`token ${prompt} of ${total} · prompt`)).toBeVisible();
    expect(await press("{ArrowRight}")).toBe(`token ${prompt + 1} of ${total} · turn 1`);
    expect(await press("{ArrowRight}{ArrowRight}{ArrowLeft}")).toBe(`token ${prompt + 2} of ${total} · turn 1`);
    expect(await press("{Shift>}{ArrowRight}{/Shift}")).toBe(`token ${prompt + first} of ${total} · turn 1`);
    expect(await press("t")).toBe(`token ${prompt + first + tool} of ${total} · turn 1`);
    expect(await press("{End}")).toBe(`token ${prompt + first + tool + second} of ${total} · turn 2`);
    expect(await press("{ArrowRight}")).toBe(`token ${total} of ${total} · turn 2`);
    expect(await press("{Shift>}{ArrowLeft}{/Shift}")).toBe(`token ${prompt + first} of ${total} · turn 1`);
    expect(await press("{Home}")).toBe(`token 1 of ${total} · prompt`);
    // Keys of a browser's own commands are left alone.
    expect(await press("{Control>}{ArrowRight}{/Control}")).toBe(`token 1 of ${total} · prompt`);
  });

  test("counts a key that is pressed as soon as the view is there", async () => {
    const pressed = new Promise<void>((resolve) => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector(".time")) return;
        observer.disconnect();
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
        resolve();
      }).observe(host, { childList: true, subtree: true });
    });
    const { lengths, total } = await recorded();
    await pressed;
    await expect.element(page.getByText(`token ${lengths[0]! + 1} of ${total} · turn 1`)).toBeVisible();
  });

  test("shows all colours and pictures from the start, and marks what comes after the cursor", async () => {
    const { rollout } = await recorded();
    await expect.element(page.getByText("Seen by the model 1 zoom · 1 after the cursor")).toBeVisible();
    const sampled = rollout.segments.flatMap(({ logprobs }) => logprobs);
    const shades = () =>
      [...document.querySelectorAll<HTMLElement>(".turn.model .tok")].map((tok) => tok.style.getPropertyValue("--p"));
    expect(shades()).toEqual(sampled.map((logprob) => (1 - Math.exp(logprob)).toFixed(2)));
    const before = shades();
    // In the transcript, too, where the model saw them: the task's picture in the prompt, the crop in the tool's answer
    await soon(() =>
      expect(document.querySelectorAll(".turn.prompt .tok canvas, .turn.tool .tok.zoom1 canvas")).toHaveLength(2),
    );
    expect(document.querySelectorAll(".stage .box.zoom1.later, .crops .later")).toHaveLength(2);
    await press("t");
    await expect.element(page.getByText("Seen by the model 1 zoom", { exact: true })).toBeVisible();
    expect(document.querySelectorAll(".later")).toHaveLength(0);
    await press("{Home}");
    await expect.element(page.getByText("Seen by the model 1 zoom · 2 after the cursor")).toBeVisible();
    expect(shades()).toEqual(before);
  });

  test("goes by keys to other tasks and steps, and says which keys there are", async () => {
    const { context } = await recorded();
    await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
    const at = () => context.store.chosen.value!.rollout.id;
    const [step, task, place] = at().split("·").map(Number) as [number, number, number];
    await userEvent.keyboard("j");
    expect(at()).toBe(`${step}·${1 - task}·${place}`);
    await userEvent.keyboard("k");
    expect(at()).toBe(`${step}·${task}·${place}`);
    await userEvent.keyboard("nn");
    expect(at()).toBe(`${step + 2}·${task}·${place}`);
    await userEvent.keyboard("p");
    expect(at()).toBe(`${step + 1}·${task}·${place}`);
    await userEvent.keyboard("?");
    const list = page.getByRole("dialog", { name: "Keys" });
    await expect.element(list).toBeVisible();
    await expect.element(list.getByText("previous task of this step, next task")).toBeVisible();
    // In the list keys are the list's.
    await userEvent.keyboard("n");
    expect(at()).toBe(`${step + 1}·${task}·${place}`);
    await userEvent.keyboard("{Escape}");
    await expect.element(list).not.toBeInTheDocument();
    // A step that has not been played is reached at once.
    context.control.replay.seek(1);
    context.store.pinned.value = `1·${task}·${place}`;
    await userEvent.keyboard("n");
    expect([at(), context.store.replay.value!.state.step]).toEqual([`2·${task}·${place}`, 2]);
  });

  test("goes from sibling to sibling and around", async () => {
    const { context, rollout } = await recorded();
    await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
    const siblings = context.store.chosen.value!.siblings.map(({ id }) => id);
    const at = siblings.indexOf(rollout.id);
    // "[[" is how the keyboard of the tests spells "["
    for (const [key, by] of [
      ["]", 1],
      ["]", 2],
      ["]", 3],
      ["[[", 2],
    ] as const) {
      await userEvent.keyboard(key);
      expect(context.store.pinned.value).toBe(siblings[(at + by) % 3]);
      await expect.element(page.getByText(`rollout ${((at + by) % 3) + 1} of 3`)).toBeVisible();
    }
  });

  test("leaves keys to the fields that use them", async () => {
    const { total, lengths } = await recorded();
    const slider = page.getByRole("slider", { name: "Position in the rollout" });
    await expect.element(slider).toBeVisible();
    (slider.element() as HTMLInputElement).focus();
    await userEvent.keyboard("{Home}");
    await expect.element(page.getByText(`token 1 of ${total} · prompt`)).toBeVisible();
    await page.getByRole("combobox", { name: "colour:" }).selectOptions("entropy");
    (page.getByRole("combobox", { name: "colour:" }).element() as HTMLElement).focus();
    await userEvent.keyboard("t");
    expect(position()).toBe(`token 1 of ${total} · prompt`);
    expect(lengths[0]).toBeGreaterThan(1);
  });

  test("shows curves with a point for every step, and says whose run it is", async () => {
    const { context } = await recorded();
    context.store.tab.value = "train";
    await expect.element(page.getByRole("img", { name: /^accuracy over steps, 4 points/ })).toBeVisible();
    await expect.element(page.getByText("recorded step 4 of 4")).toBeVisible();
    expect(notices()).toEqual([]);
    await page.getByRole("button", { name: "Close" }).click();
    await expect.element(page.getByRole("button", { name: "Start training" })).toBeVisible();
  });
});

describe("alternatives to a token", () => {
  const sampled = () => document.querySelector(".alternatives .sampled th")?.textContent;

  test("stand beside the token that was sampled, of the weights as they are", async () => {
    const fake = new FakeRun();
    const context = makePage(fake);
    context.store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 2, rolloutsPerTask: 2 };
    render(<Page page={context} />, host);
    await context.control.open();
    await context.control.step();
    context.store.tab.value = "step";
    await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
    expect(document.querySelector(".alternatives")).toBeNull();
    await userEvent.keyboard("{ArrowRight}");
    await expect.element(page.getByText("now: after step 1")).toBeVisible();
    const first = sampled();
    expect(document.querySelectorAll(".alternatives tr")).toHaveLength(5);
    expect(document.querySelector("aside h2")!.textContent).toContain(first!.replace(" (sampled)", ""));
    await expect.element(page.getByText("ratio, these weights / as written")).toBeVisible();
    await userEvent.keyboard("{ArrowRight}");
    await soon(() => expect(sampled()).not.toBe(first));
    // One question a rollout, whatever the cursor does
    expect(fake.asked.filter((line) => line.startsWith("measures"))).toHaveLength(1);
  });

  test("are explained where the open model is not the run's, and where there is none", async () => {
    const { context } = await recorded();
    // A key pressed before the view stands moves nothing.
    await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
    await userEvent.keyboard("{ArrowRight}");
    await expect.element(page.getByText(/is shown once the model is open/)).toBeVisible();
    context.store.changes.value = { preset: "story", seed: 1 };
    await context.control.open();
    await expect.element(page.getByText(/^What else .* this run trained needle, and story is open/)).toBeVisible();
    context.store.gpuProblem.value = "There is none";
    await expect.element(page.getByText(/^What else .* needs the model, which needs WebGPU/)).toBeVisible();
    expect(document.querySelector(".alternatives")).toBeNull();
  });
});

test("a recorded run that comes with the page plays without a GPU, stops, and goes where one drags", async () => {
  const context = makePage(new FakeRun());
  context.store.gpuProblem.value = "There is none";
  render(<Page page={context} />, host);
  await page.getByRole("button", { name: "Watch a recorded run" }).click();
  await expect.element(page.getByText(/This is a recording,/)).toBeVisible();
  await expect.element(page.getByText(/NVIDIA H100, 24 November 2026/)).toBeVisible();
  await expect.element(page.getByRole("img", { name: /^accuracy over steps, [3-9] points/ })).toBeVisible();
  await page.getByRole("button", { name: "Pause" }).click();
  const { step } = context.store.shown.value;
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(context.store.shown.value.step).toBe(step);
  context.control.replay.seek(100);
  await expect.element(page.getByRole("img", { name: /^accuracy over steps, 100 points/ })).toBeVisible();
  await expect.element(page.getByRole("button", { name: "Play" })).toBeEnabled();
  // Rows far below the window are not drawn.
  document.querySelector(".groups")!.scrollIntoView();
  await soon(() => expect(document.querySelectorAll(".group .cell")).toHaveLength(128));
  await page.getByRole("button", { name: "Close" }).click();
  await expect.element(page.getByRole("heading", { name: /^A small vision-language model learns/ })).toBeVisible();
});

test("a warm-up shows its course, can be stopped, gone on with, and started from", async () => {
  const fake = new FakeRun({ delayMs: 4 });
  const context = makePage(fake);
  context.store.changes.value = { preset: "needle", seed: 2, tasksPerStep: 1, rolloutsPerTask: 2 };
  render(<Page page={context} />, host);
  await context.control.open();
  await page.getByText("Train from scratch").click();
  await page.getByRole("button", { name: "Start the warm-up" }).click();
  await expect.element(page.getByText(/^Warm start, step \d+ of 313 · loss/)).toBeVisible();
  await expect.element(page.getByRole("button", { name: "Start", exact: true })).toBeDisabled();
  await page.getByRole("button", { name: "Stop and keep" }).click();
  await expect.element(page.getByText(/^Stopped after step \d+ of 313; the weights so far are kept/)).toBeVisible();
  await page.getByRole("button", { name: /^Go on from step/ }).click();
  await expect
    .element(page.getByText(/^Held out, 256 scenes, greedy: accuracy 0.31/), { timeout: 20_000 })
    .toBeVisible();
  await expect.element(page.getByText(/^Done: all 313 steps/)).toBeVisible();
  await expect.element(page.getByRole("img", { name: /^warm-up loss over 313 steps/ })).toBeVisible();
  await page.getByRole("button", { name: "Start GRPO from these weights" }).click();
  await expect.element(page.getByText("Starts from needle from scratch, seed 2, 800,000 examples.")).toBeVisible();
  await soon(() => expect(fake.asked).toContain("open trained-here/needle-seed-2-examples-800000"));
  await context.control.reset();
});

test("the time of each kernel is shown where the address asks for it", async () => {
  const context = makePage(new FakeRun());
  context.store.traced.value = true;
  context.store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 1, rolloutsPerTask: 2 };
  render(<Page page={context} />, host);
  await context.control.open();
  await page.getByText("Where the time goes").click();
  await expect.element(page.getByText("after the first step", { exact: true }).last()).toBeVisible();
  await context.control.step();
  await soon(() => expect(document.querySelector(".profile")?.textContent).toMatch(/^decode .* 100.0 %/));
});

/** The page over a fake run with a few small steps. */
async function opened(options: FakeOptions = {}, changes: Partial<RunConfig> = {}) {
  const fake = new FakeRun(options);
  const context = makePage(fake);
  const small = { preset: "needle", seed: 1, steps: 20, saveEvery: 10, tasksPerStep: 2, rolloutsPerTask: 2 };
  context.store.changes.value = { ...small, ...changes };
  render(<Page page={context} />, host);
  await context.control.open();
  return { fake, context, small };
}

test("a run that loses its device is reported once, and gone on with though its settings were changed", async () => {
  const { fake, context } = await opened({ failAtStep: 13 });
  await context.control.step();
  expect(context.control.setKnob("learningRate", "0.001")).toBeNull();
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  await expect.element(page.getByText(/^The GPU device was lost \(fake_kernel\)/)).toBeVisible();
  expect(notices()).toEqual([
    "The GPU device was lost (fake_kernel); go on from what was saved last. 12 of 20 steps were made, step 10 is saved: what came after is made again, with the same result. Start begins another run.",
  ]);
  await expect.element(page.getByRole("button", { name: "Start", exact: true })).toBeEnabled();
  // What it can be exported from is its checkpoint.
  await page.getByRole("button", { name: "Export the model…" }).click();
  await expect.element(page.getByText(/after step 10, from its checkpoint/)).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Go on from step 10" }).click();
  await expect.element(page.getByText("The run is done: 20 steps")).toBeVisible();
  expect(notices()).toEqual(["The run is done: 20 steps"]);
  expect(fake.asked).toContain("resume needle-1");
  await expect.element(page.getByRole("img", { name: /^accuracy over steps, 20 points/ })).toBeVisible();
});

test("what is paused is saved, and the page says so", async () => {
  // Slow enough that the run has not ended before a slow machine has clicked.
  const { fake, context } = await opened({ delayMs: 50 });
  void context.control.toggle();
  await soon(() => expect(context.store.live.value.step).toBeGreaterThan(1));
  await page.getByRole("button", { name: "Pause" }).click();
  await soon(() => expect(fake.asked.some((line) => line.startsWith("save "))).toBe(true));
  await expect.element(page.getByText(/^step \d+ of 20 · saved/)).toBeVisible();
  // A page that is hidden may not come back.
  await context.control.step();
  const saves = () => fake.asked.filter((line) => line.startsWith("save ")).length;
  expect(saves()).toBe(2);
});

test("a browser without room says so, and the run can be saved later", async () => {
  const options: FakeOptions = { full: true };
  const { context } = await opened(options);
  await context.control.step();
  await expect.element(page.getByText(/The browser's storage is full. The run is not lost/)).toBeVisible();
  expect(context.store.player.value).toBe("paused");
  await expect.element(page.getByText(/^step 1 of 20 · not saved yet/)).toBeVisible();
  options.full = false;
  await page.getByRole("button", { name: "Save now" }).click();
  await expect.element(page.getByText(/^step 1 of 20 · saved/)).toBeVisible();
  expect(notices()).toEqual([]);
});

test("the list of runs says what is made and what is saved, and goes on from there", async () => {
  const { fake, context, small } = await opened();
  const made = (steps: number) => [
    ...fakeEvents(resolveConfig({ ...small, seed: 4, steps, saveEvery: 4, learningRate: 1e-3 })),
  ];
  const events = made(20);
  fake.store("broken off", events.slice(0, events.findIndex((e) => e.type === "update" && e.step === 6) + 1));
  fake.store("whole", made(4));
  context.store.tab.value = "runs";
  await expect.element(page.getByRole("row", { name: /6 of 20 ?saved at step 4/ })).toBeVisible();
  await expect.element(page.getByRole("row", { name: /4 of 4/ })).toBeVisible();
  expect(page.getByRole("button", { name: /^Go on with the run/ }).elements()).toHaveLength(1);

  await page.getByRole("button", { name: "More: about the run whole" }).click();
  await page.getByRole("button", { name: "Use these settings: those of the run whole" }).click();
  expect(context.store.changes.value).toEqual({ ...small, seed: 4, steps: 4, saveEvery: 4, learningRate: 1e-3 });
  expect(context.store.tab.value).toBe("train");

  context.store.tab.value = "runs";
  await page.getByRole("button", { name: "Go on with the run broken off from step 4" }).click();
  await expect.element(page.getByText("The run is done: 20 steps")).toBeVisible();
  expect(context.store.config.value).toMatchObject({ seed: 4, steps: 20, learningRate: 1e-3 });
  expect(context.store.live.value.updates.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test("a stored run that is shown offers to go on, and what its log lacks goes with it", async () => {
  const { fake, context, small } = await opened();
  const events = [...fakeEvents(resolveConfig({ ...small, seed: 4, steps: 20, saveEvery: 4 }))];
  fake.store("broken off", events.slice(0, events.findIndex((e) => e.type === "update" && e.step === 6) + 1));
  const log = events.map((event) => JSON.stringify(event)).join("\n");
  await context.control.openFile(new File([`${log}\n{"type":"update","step":"x"}\n`], "events.jsonl"));
  expect(notices()).toEqual([expect.stringMatching(/^Left out of events.jsonl/)]);
  expect(page.getByRole("button", { name: /^Go on from/ }).elements()).toHaveLength(0);
  await context.control.openStored("broken off");
  await soon(() => expect(notices()).toEqual(["This run is saved at step 4 of 20."]));
  await page.getByRole("button", { name: "Go on from step 4" }).click();
  await expect.element(page.getByText("The run is done: 20 steps")).toBeVisible();
  expect(context.store.replay.value).toBeNull();
});

describe("the export", () => {
  const button = page.getByRole("button", { name: "Export the model…" });

  test("is of what is shown: a stored run's checkpoint, or the run under way", async () => {
    const { fake, context, small } = await opened();
    await expect.element(button).toBeDisabled();
    await expect.element(page.getByText(/^Nothing is trained yet/)).toBeVisible();
    fake.store("old", [...fakeEvents(resolveConfig({ ...small, seed: 4, saveEvery: 13, steps: 15 }))]);
    await context.control.step();
    const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
    try {
      await button.click();
      await expect.element(page.getByText(/of the run needle-2 after step 1, as they are now/)).toBeVisible();
      await expect.element(page.getByText("needle-2-step-1.zip")).toBeVisible();
      await page.getByRole("button", { name: "Cancel" }).click();
      expect(saved).not.toHaveBeenCalled();

      await context.control.openStored("old");
      await button.click();
      await expect.element(page.getByText(/of the run old after step 13, from its checkpoint/)).toBeVisible();
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await soon(() => expect(saved).toHaveBeenCalledOnce());
      const link = saved.mock.instances[0] as unknown as HTMLAnchorElement;
      expect(link.download).toBe("old-step-13.zip");
      const zip = new TextDecoder().decode(await (await fetch(link.href)).arrayBuffer());
      expect(zip).toContain("old-step-13/model.safetensors");
      expect(zip).toContain("model.safetensors of old after 13");
      await expect.element(page.getByRole("dialog")).not.toBeInTheDocument();
    } finally {
      saved.mockRestore();
    }
  });

  test("says where there are no weights", async () => {
    const { fake, context, small } = await opened();
    fake.store("short", [...fakeEvents(resolveConfig({ ...small, steps: 2 }))]);
    await context.control.openStored("short");
    await button.click();
    await expect.element(page.getByText('The run "short" has no checkpoint')).toBeVisible();
    expect(page.getByRole("button", { name: "Save", exact: true }).elements()).toHaveLength(0);
    await userEvent.keyboard("{Escape}");
    await expect.element(page.getByRole("dialog")).not.toBeInTheDocument();
    const log = [...fakeEvents(resolveConfig({ ...small, steps: 2 }))].map((event) => JSON.stringify(event));
    await context.control.openFile(new File([log.join("\n")], "events.jsonl"));
    await expect.element(button).toBeDisabled();
    await expect.element(page.getByText(/^A log comes without weights/)).toBeVisible();
  });
});

test("a click on Start right after a change of settings is not lost", async () => {
  const fake = new FakeRun({ delayMs: 1 });
  const context = makePage(fake);
  const small = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 1, rolloutsPerTask: 2 } as const;
  context.store.changes.value = small;
  render(<Page page={context} />, host);
  await context.control.open();
  const { promise, resolve } = Promise.withResolvers<void>();
  const opens = fake.open.bind(fake);
  const opening = vi.spyOn(fake, "open").mockImplementation(async (...asked) => {
    await promise;
    return opens(...asked);
  });
  context.store.changes.value = { ...small, steps: 3 };
  await soon(() => expect(opening).toHaveBeenCalledOnce());
  await page.getByRole("button", { name: "Start training" }).click();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  expect(fake.asked).not.toContain("start");
  resolve();
  const done = page.getByText("The run is done: 3 steps");
  await expect.element(done).toBeVisible();

  // Quicker than the look at the settings: that one leaves the run in peace. What was said of the last run is over.
  context.store.changes.value = { ...small, steps: 200 };
  void context.control.toggle();
  await expect.element(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect.element(done).not.toBeInTheDocument();
  await new Promise((later) => setTimeout(later, 500));
  expect(opening).toHaveBeenCalledOnce();
  await context.control.reset();
});

test("Tab goes from control to control, past the meaning of every word", async () => {
  render(<Page page={makePage(new FakeRun())} />, host);
  await expect.element(page.getByRole("button", { name: "Start", exact: true })).toBeEnabled();
  const visited: Element[] = [];
  for (let i = 0; i < 40; i++) {
    await userEvent.tab();
    visited.push(document.activeElement!);
  }
  expect(new Set(visited).size).toBe(visited.length);
  expect(visited.filter((element) => element.matches(".question")).length).toBeGreaterThan(5);
});

test("the page says what went wrong and stays usable", async () => {
  const context = makePage(new FakeRun({ failAtStep: 1 }));
  context.store.changes.value = { preset: "needle", seed: 1, steps: 5, tasksPerStep: 2, rolloutsPerTask: 2 };
  render(<Page page={context} />, host);
  await context.control.open();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect.element(page.getByText(/^The GPU device was lost \(fake_kernel\)/)).toBeVisible();
  await expect.element(page.getByRole("button", { name: "Start", exact: true })).toBeEnabled();
});
