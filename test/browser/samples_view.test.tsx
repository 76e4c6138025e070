import { render } from "preact";
import { afterEach, beforeAll, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import type { GivenFile } from "../../src/app/worker_api/dropped_folder.ts";
import { sceneTask } from "../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeDataFiles } from "../support/fake_data.ts";
import { FakeRun } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let given: GivenFile[];
let host: HTMLElement;
beforeAll(async () => {
  given = await fakeDataFiles();
});
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
  vi.restoreAllMocks();
});

/** The page on its Data view, without a GPU. */
function open(changes: Record<string, unknown> = {}) {
  const dropped = new DroppedFiles();
  const platform = openBrowserPlatform(new URL("/", location.href).href, dropped);
  const context = makePage(new FakeRun({ dropped, platform }));
  context.store.gpuProblem.value = "There is none";
  context.store.changes.value = { preset: "needle", seed: 1, ...changes };
  context.store.tab.value = "data";
  render(<Page page={context} />, host);
  return context;
}

const folder = (name: string) => given.filter(({ path }) => path.startsWith(`${name}/`));
/** A drop as the browser makes it; folders come only from people. */
const drop = (target: Element, files: File[]) => {
  const dataTransfer = new DataTransfer();
  for (const file of files) dataTransfer.items.add(file);
  target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
};

/** What was asked of other servers; a page that was open before may still read its own files. */
const elsewhere = (fetched: MockInstance<typeof fetch>): string[] =>
  fetched.mock.calls.map(([address]) => String(address)).filter((address) => !address.startsWith(location.origin));

test("before data is opened, the scenes of the settings are shown: of a step, held out, as hard as is set", async () => {
  const context = open({ tasksPerStep: 14 });
  const questions = () => [...document.querySelectorAll(".scene .q")].map((one) => one.textContent);
  const heading = (name: string) => page.getByRole("heading", { name });
  await expect.element(heading("Scenes of a step 1 to 12 of 14, as these settings make them")).toBeVisible();
  await soon(() => expect(document.querySelectorAll(".scene canvas")).toHaveLength(24));
  const first = sceneTask(resolveConfig({ seed: 1 }), { seed: 1, split: "train", step: 0, index: 0 });
  expect(questions()[0]).toBe(first.question);
  await page.getByRole("button", { name: "Scenes after" }).click();
  expect(questions()).toHaveLength(2);
  await page.getByRole("button", { name: "held out" }).click();
  await expect.element(heading("Held-out scenes 1 to 12 of 256, as these settings make them")).toBeVisible();
  const before = questions().join();
  context.store.changes.value = { ...context.store.changes.value, seed: 2 };
  await soon(() => expect(questions().join()).not.toBe(before));
});

describe("the browser of samples", () => {
  test("shows what every source holds, what is left out and why, and each row with its prompt", async () => {
    const context = open();
    await context.data.drop(folder("deepeyes"));
    await expect.element(page.getByRole("button", { name: /^chart\.parquet/ })).toHaveAttribute("aria-pressed", "true");
    await expect.element(page.getByText("0 of 3", { exact: true })).toBeVisible();
    await expect.element(page.getByText(/^JPEG, PNG and WebP are decoded by this browser/)).toBeVisible();
    await expect.element(page.getByText(/^row 0: rows of data_source chart are left out/)).toBeVisible();
    await expect.element(page.getByRole("button", { name: /^Row 2: .*; left out: chart$/ })).toBeVisible();

    await page.getByRole("button", { name: /^vstar\.parquet/ }).click();
    await expect.element(page.getByText("11 of 11", { exact: true })).toBeVisible();
    await expect.element(page.getByRole("row", { name: "env_name visual_toolbox_v2 11" })).toBeVisible();
    await expect.element(page.getByRole("button", { name: /^Row 10:/ })).toBeVisible();
    expect(document.querySelectorAll(".sample canvas")).toHaveLength(11);

    context.store.changes.value = { ...context.store.changes.value, prompt: "verl" };
    await page.getByRole("button", { name: /^Row 0:/ }).click();
    await expect.element(page.getByRole("heading", { name: "Row 0 of vstar.parquet" })).toHaveFocus();
    await expect.element(page.getByText(/^JPEG RGB · 160 × 120 → model input/)).toBeVisible();
    await expect.element(page.getByText("⟨image × 12⟩", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "text", exact: true }).click();
    await expect.element(page.getByText(/You must call only one function at a time/)).toBeVisible();
    await expect.element(page.getByText("extra_info", { exact: true })).toBeVisible();
    // The next row, and back to the list, by keyboard
    await page.getByRole("button", { name: "Row after" }).click();
    await expect.element(page.getByRole("heading", { name: "Row 1 of vstar.parquet" })).toBeVisible();
    await userEvent.tab();
    await userEvent.keyboard("{Enter}");
    await expect.element(page.getByRole("button", { name: /^Row 1:/ })).toBeVisible();
  });

  test("draws the box of the answer, pages through rows, and tells of rows that cannot be read", async () => {
    const context = open();
    await context.data.drop(folder("scenes"));
    await expect.element(page.getByText("28 of 31", { exact: true })).toBeVisible();
    await expect
      .element(page.getByText(/^row 14: Expected a picture images\/14\.png beside list\.jsonl/))
      .toBeVisible();
    await page.getByRole("button", { name: "Rows after" }).click();
    await page.getByRole("button", { name: "Rows after" }).click();
    await expect
      .element(page.getByRole("button", { name: "Row 30: cannot be read; left out: row unreadable" }))
      .toBeVisible();
    await expect.element(page.getByRole("button", { name: "Rows after" })).toBeDisabled();
    await page.getByRole("spinbutton", { name: "row" }).fill("3");
    await userEvent.keyboard("{Enter}");
    await page.getByRole("button", { name: /^Row 3:/ }).click();
    await expect.element(page.getByRole("img", { name: /^Picture 0 of the row: What digit/ })).toBeVisible();
    expect(document.querySelector<HTMLElement>(".box.gold")!.style.width).toMatch(/^\d+(\.\d+)?%$/);
    // Text of a data set is never markup
    await expect.element(page.getByText("scene 3 <b>not markup</b>")).toBeVisible();
  });

  test("follows the settings that decide, and gives the data to the next run", async () => {
    const context = open();
    await context.data.drop(folder("deepeyes"));
    await expect.element(page.getByText("0 of 3", { exact: true })).toBeVisible();
    context.control.setKnob("charts", "true");
    await expect.element(page.getByText(/Settings have changed since/)).toBeVisible();
    await page.getByRole("button", { name: "Look again" }).click();
    await expect.element(page.getByText("3 of 3", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "Train on this" }).click();
    expect(context.store.config.value.data).toBe("dropped/deepeyes");
    await expect.element(page.getByRole("button", { name: "The next run trains on this" })).toBeDisabled();
    await page.getByRole("button", { name: "Train on generated scenes again" }).click();
    expect(context.store.config.value.data).toBe("");
  });

  test("takes single files by a drop, a model's folder, and says what it cannot use", async () => {
    const context = open();
    const vstar = folder("deepeyes").find(({ path }) => path.endsWith("vstar.parquet"))!;
    drop(document.querySelector(".dropzone")!, [new File([vstar.file], "vstar.parquet")]);
    await expect.element(page.getByRole("button", { name: /^vstar\.parquet/ })).toBeVisible();
    await context.data.drop([
      { path: "tiny/config.json", file: new File(['{"model_type": "qwen3_vl"}'], "config.json") },
      { path: "tiny/tokenizer.json", file: new File(["{}"], "tokenizer.json") },
      { path: "tiny/preprocessor_config.json", file: new File(["{}"], "preprocessor_config.json") },
      { path: "tiny/model.safetensors", file: new File(["12345678"], "model.safetensors") },
      { path: "words/readme.txt", file: new File(["text"], "readme.txt") },
    ]);
    await page.getByRole("button", { name: "Use this model" }).click();
    expect(context.store.config.value.model).toBe("dropped/tiny");
    await expect.element(page.getByRole("button", { name: "This model is used" })).toBeDisabled();
    await expect.element(page.getByText(/^Expected a model \(config\.json/)).toBeVisible();
  });

  test("tells a log from data, wherever it is dropped", async () => {
    const context = open();
    context.store.tab.value = "train";
    await expect.element(page.getByRole("heading", { name: "Experiment" })).toBeVisible();
    drop(document.body, [new File(['{"question": "Why?", "answer": "So"}\n'], "list.jsonl")]);
    await expect.element(page.getByRole("button", { name: /^list\.jsonl/ })).toBeVisible();
    expect(context.store.tab.value).toBe("data");
    drop(document.body, [new File(['{"type":"run","format":3}\n'], "events.jsonl")]);
    await expect
      .element(page.getByText(/^events\.jsonl has log format 3, this version reads 1 and 2; open it with the Saccade/))
      .toBeVisible();
  });

  test("shows the full address before anything is fetched", async () => {
    const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
    open({ model: "Qwen/Qwen2.5-VL-7B-Instruct@main" });
    const field = page.getByLabelText("Or an address, or a data set of the Hub");
    await field.fill("ChenShawn/DeepEyes-Datasets-47k");
    await expect.element(page.getByRole("button", { name: "Open", exact: true })).toBeDisabled();
    await expect.element(page.getByText(/^Expected https:\/\/…, or a data set as owner\/name@revision/)).toBeVisible();
    await field.fill("ChenShawn/DeepEyes-Datasets-47k@main");
    const list = "https://huggingface.co/api/datasets/ChenShawn/DeepEyes-Datasets-47k/tree/main?recursive=true";
    await expect.element(page.getByText(list)).toBeVisible();
    expect(elsewhere(fetched)).toEqual([]);
    await page.getByRole("button", { name: "Fetch and open" }).click();
    await soon(() => expect(elsewhere(fetched)[0]).toContain("/tree/main"));
    await expect.element(page.getByRole("alert").filter({ hasText: "huggingface.co" })).toBeVisible();
  });

  test("asks before it fetches a model to count tokens with", async () => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const context = open({ model: "Qwen/Qwen2.5-VL-7B-Instruct@main" });
    await context.data.drop(folder("scenes"));
    await expect.element(page.getByText("28 of 31", { exact: true })).toBeVisible();
    await expect.element(page.getByRole("row", { name: "prompt tokens not counted" })).toBeVisible();
    const address = "https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct/resolve/main/tokenizer.json";
    await expect.element(page.getByText(address)).toBeVisible();
    expect(elsewhere(fetched)).toEqual([]);
  });

  test("opens no model and no data that lie elsewhere before Start is pressed", async () => {
    const fake = new FakeRun();
    const context = makePage(fake);
    context.store.changes.value = { preset: "verl-7b", seed: 1, tasksPerStep: 1, rolloutsPerTask: 2 };
    render(<Page page={context} />, host);
    await context.control.open();
    await expect.element(page.getByText("Start fetches, and nothing does before:")).toBeVisible();
    await expect.element(page.getByText(/^https:\/\/huggingface\.co\/Qwen\/.*\/resolve\/main\/…$/)).toBeVisible();
    expect(fake.asked).toEqual([]);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await soon(() => expect(fake.asked[0]).toMatch(/^open Qwen\//));
    await context.control.reset();
  });
});
