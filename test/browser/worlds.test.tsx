import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { Crops } from "../../src/app/web/rollout/crops.tsx";
import { Stage } from "../../src/app/web/rollout/stage.tsx";
import { modelInputs } from "../../src/app/web/run/model_inputs.ts";
import { Pictures } from "../../src/app/web/run/pictures.ts";
import { problemOf, sceneTask } from "../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/knobs.ts";
import { FakeRun } from "../support/fake_run.ts";
import { rollout, zoomCall } from "../support/rollouts.ts";
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

function open(changes: Partial<RunConfig> & { preset: string }, tab: "train" | "data" | "learn" = "train") {
  const fake = new FakeRun();
  const context = makePage(fake);
  context.store.changes.value = { seed: 1, ...changes };
  context.store.tab.value = tab;
  render(<Page page={context} />, host);
  return { ...context, fake };
}

const boxes = (within: ParentNode, selector: string): string[] =>
  [...within.querySelectorAll(selector)].map((box) => box.textContent!);

describe("presets", () => {
  test("each is there with a sentence, a scene and what to expect, and is chosen by keyboard", async () => {
    const { store } = open({ preset: "needle" });
    await expect.element(page.getByRole("img", { name: /^A scene: What digit is on/ }).first()).toBeVisible();
    document.querySelector<HTMLElement>(".preset-shown button")!.focus();
    await userEvent.keyboard("{Enter}");
    const dialog = page.getByRole("dialog", { name: "Choose a preset" });
    await expect
      .element(dialog.getByRole("region", { name: "Generated worlds, with models of this page" }))
      .toBeVisible();
    await expect.element(dialog.getByRole("img", { name: /^A scene: Follow the letters from/ })).toBeVisible();
    const entries = [...document.querySelectorAll(".preset-list > li")];
    const worlds = entries.filter((entry) => entry.querySelector("canvas"));
    expect(worlds).toHaveLength(7);
    for (const entry of worlds) expect(entry.textContent).toMatch(/What to expect\. .{40}/);
    expect(entries.length - worlds.length).toBe(3);
    const { violations } = await axe.run(document.querySelector("dialog.presets")!);
    expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
    document.querySelector<HTMLElement>("dialog.presets [aria-label='Use Hunt']")!.focus();
    await userEvent.keyboard("{Enter}");
    await expect.element(dialog).not.toBeInTheDocument();
    expect(store.config.value).toMatchObject({ preset: "hunt", worlds: "hunt", model: "worlds", seed: 1 });
    await expect
      .element(page.getByText("Start first loads the model worlds, 9.0 MB, which comes with this page."))
      .toBeVisible();
  });

  test("the model of several worlds brings a preset of its own, and one that does not fit is told", async () => {
    const { store } = open({ preset: "needle", worlds: "hunt" });
    await expect.element(page.getByText(/^The model needle was taught Needle alone/)).toBeVisible();
    await page.getByRole("button", { name: "Use the model worlds" }).click();
    expect(store.config.value).toMatchObject({ preset: "needle", worlds: "hunt", model: "worlds", maxToolCalls: 4 });
    await page.getByRole("button", { name: /^Use the sizes of the preset/ }).click();
    await expect.poll(() => page.getByText(/^Hunts are 2,048 px wide/).query()).toBeNull();
    expect(page.getByText(/^The model needle was taught/).query()).toBeNull();
    store.changes.value = { preset: "needle", seed: 1 };
    await page.getByRole("button", { name: "Choose…" }).click();
    const dialog = page.getByRole("dialog", { name: "Choose a model" });
    await dialog.getByRole("button", { name: "Use worlds", exact: true }).click();
    expect(store.config.value).toMatchObject({ preset: "hunt", model: "worlds" });
  });
});

test("on Data worlds are ticked, their own knobs are shown, and zooms are numbered in their scenes", async () => {
  const { store } = open({ preset: "hunt", tasksPerStep: 3 }, "data");
  await soon(() => expect(document.querySelectorAll(".scene canvas")).toHaveLength(6));
  const config = store.config.value;
  const tasks = [0, 1, 2].map((index) => sceneTask(config, { seed: 1, split: "train", step: 0, index }));
  const zooms = tasks.map(({ id }) => problemOf(id, config).zooms.map((_, i) => String(i + 1)));
  expect([...document.querySelectorAll(".scene")].map((scene) => boxes(scene, ".zoom-place b"))).toEqual(zooms);
  // None was rendered whole: 2,048 px.
  const widths = [...document.querySelectorAll<HTMLCanvasElement>(".scene canvas")].map(({ width }) => width);
  expect(new Set(widths)).toEqual(new Set([512, 64]));
  expect(document.querySelector(".scene figcaption")!.textContent).toMatch(/1 \w+ \w+ → 2 /);

  const knob = (name: string) => page.getByLabelText(name, { exact: true }).query();
  expect(knob("zooms of the shortest hunts")).not.toBeNull();
  await page.getByRole("checkbox", { name: "Hunt" }).click();
  await expect.element(page.getByText("Tasks must be of one world at least")).toBeVisible();
  await expect.element(page.getByRole("checkbox", { name: "Hunt" })).toBeChecked();
  await page.getByRole("checkbox", { name: "Count" }).click();
  await page.getByRole("checkbox", { name: "Hunt" }).click();
  expect(store.config.value.worlds).toBe("count");
  await expect.poll(() => knob("zooms of the shortest hunts")).toBeNull();
  // Nobody is asked where it is: no box of an answer, and no zoom.
  await soon(() => expect(document.querySelectorAll(".scene canvas")).toHaveLength(6));
  expect(document.querySelectorAll(".zoom-place")).toHaveLength(0);
});

test("a lesson of chains starts runs of its own preset", async () => {
  const { store } = open({ preset: "needle" }, "learn");
  await page.getByRole("button", { name: "one call allowed" }).click();
  expect(store.config.value).toMatchObject({ preset: "hunt", maxToolCalls: 1 });
  await page.getByRole("button", { name: "a bonus that is always paid" }).click();
  expect(store.config.value).toMatchObject({ preset: "budget", bonus: "unconditional" });
  await expect.element(page.getByRole("button", { name: "Start this run" })).toBeVisible();
});

test("a zoom into a crop stands in that crop, and dotted where it is in the original", async () => {
  const config = resolveConfig({ preset: "hunt" });
  const side = 2048;
  const original = { width: side, height: side, data: new Uint8Array(3 * side * side).fill(90) };
  const boxOf = (at: number, size: number): [number, number, number, number] => [at, at, at + size, at + size];
  const calls = [
    zoomCall({ segment: 1, boxSourcePx: boxOf(1024, 400), imageIndex: 0, iou: undefined }),
    zoomCall({ segment: 3, boxSourcePx: boxOf(100, 100), imageIndex: 1, iou: undefined }),
  ];
  const segments = Array.from({ length: 6 }, (_, i) => ({
    source: (["prompt", "model", "tool", "model", "tool", "model"] as const)[i]!,
    tokens: [1],
    logprobs: i % 2 ? [-1] : [],
    entropies: i % 2 ? [1] : [],
    images: i % 2 ? [] : [i / 2],
  }));
  const one = rollout({ calls, segments });
  const view = { factor: 16, minPixels: 4096, maxPixels: 4096 };
  const inputs = modelInputs(one, [original], config, { view });
  // The task's own picture is resized once, however many of its rollouts are looked at.
  expect(modelInputs(one, [original], config, { view })[0]!.pixels).toBe(inputs[0]!.pixels);
  const task = sceneTask(config, { seed: 1, split: "train", step: 0, index: 0 });
  render(
    <>
      <Stage original={original} rollout={one} task={task} inputs={inputs} />
      <Crops inputs={inputs} />
    </>,
    host,
  );
  const stage = [...host.querySelectorAll<HTMLElement>(".stage .box:not(.gold)")];
  expect(stage.map((box) => [box.textContent, parseFloat(box.style.left), box.classList.contains("nested")])).toEqual([
    ["1", 50, false],
    ["2", expect.closeTo((100 * 1124) / 2048, 3), true],
  ]);
  const [whole, first, second] = host.querySelectorAll<HTMLElement>(".crops figure");
  expect(boxes(whole!, ".box")).toEqual([]);
  expect(boxes(first!, ".box")).toEqual(["2"]);
  expect(first!.querySelector<HTMLElement>(".box")!.style.left).toBe("25%");
  expect(second!.querySelector("figcaption")!.textContent).toContain("cut from crop 1");
  await expect.element(page.getByRole("img", { name: "crop 1, model input; crop 2 is cut from it" })).toBeVisible();
});

test("pictures are told apart by every setting of scenes, and kept by their bytes", async () => {
  const asked: string[] = [];
  const pictures = new Pictures({
    pictures: async ({ id }) => {
      asked.push(id);
      return [{ width: 2048, height: 2048, data: new Uint8Array(3 * 2048 ** 2) }];
    },
  });
  const config = resolveConfig({ preset: "hunt" });
  const task = (index: number) => sceneTask(config, { seed: 1, split: "train", step: 0, index });
  const { signal } = new AbortController();
  expect(pictures.keyOf(task(0), config)).not.toBe(pictures.keyOf(task(0), { ...config, ground: "bricks" }));
  expect(pictures.keyOf(task(0), config)).not.toBe(pictures.keyOf(task(0), { ...config, hopsMax: 2 }));
  for (let i = 0; i < 8; i++) await pictures.ask(task(i), config, signal);
  expect(pictures.peek(task(7), config)).toBeDefined();
  expect(pictures.peek(task(0), config)).toBeUndefined();
  expect(asked).toHaveLength(8);
  // A small copy asks nobody, and is kept.
  const small = pictures.small(task(0), config, 88)!;
  expect([small.width, pictures.peekSmall(task(0), config, 88) === small, asked.length]).toEqual([88, true, 8]);
  expect(pictures.small({ ...task(0), id: "no scene" }, config, 88)).toBeNull();
});
