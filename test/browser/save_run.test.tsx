import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { page } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";

let host: HTMLDivElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  vi.restoreAllMocks();
  render(null, host);
  host.remove();
});

/** What is downloaded from now on: names and contents. */
function downloads(): { name: string; text: Promise<string> }[] {
  const found: { name: string; text: Promise<string> }[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    found.push({ name: this.download, text: fetch(this.href).then((answer) => answer.text()) });
  });
  return found;
}

function drop(name: string, text: string | Uint8Array<ArrayBuffer>): void {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}

test("a stored run is saved as one file, with what was chosen", async () => {
  const fake = new FakeRun();
  fake.store("mine", [...fakeEvents(resolveConfig({ seed: 7, steps: 3 }))]);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.openStored("mine");
  const saved = downloads();
  await page.getByRole("button", { name: "Save the run… mine" }).click();
  const dialog = page.getByRole("dialog", { name: "Save the run as a file" });
  await expect.element(dialog.getByText("Its checkpoint of step 2")).toBeVisible();
  await expect.element(dialog.getByRole("checkbox", { name: /Its checkpoint/ })).toBeChecked();
  await expect.element(dialog.getByRole("checkbox", { name: /Its data/ })).not.toBeChecked();
  await dialog.getByRole("checkbox", { name: "Its data, with the pictures, 3 files (5.6 MB)" }).click();
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect.element(dialog).not.toBeInTheDocument();
  expect(saved.map(({ name }) => name)).toEqual(["mine.zip"]);
  expect(JSON.parse(await saved[0]!.text)).toEqual({ run: "mine", checkpoint: true, travellers: ["data"] });
  // Every run of the table can be, without being opened.
  await page.getByRole("button", { name: "Runs", exact: true }).click();
  await page.getByRole("button", { name: "More: about the run mine" }).click();
  await page.getByRole("row").getByRole("button", { name: "Save the run… mine" }).click();
  await expect.element(dialog.getByText("Its checkpoint of step 2")).toBeVisible();
});

test("a stored run's model is exported as graphs, in the dtypes that were chosen", async () => {
  const fake = new FakeRun();
  fake.store("mine", [...fakeEvents(resolveConfig({ seed: 7, steps: 3 }))]);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  expect(page.getByRole("button", { name: /^Export as ONNX/ }).elements()).toHaveLength(0);
  await context.control.openStored("mine");
  const saved = downloads();
  await page.getByRole("button", { name: "Export as ONNX… mine" }).click();
  const dialog = page.getByRole("dialog", { name: "Export the model as ONNX graphs" });
  await expect.element(dialog.getByText(/The weights are those of its checkpoint/)).toBeVisible();
  const save = dialog.getByRole("button", { name: "Save", exact: true });
  for (const name of [/^fp32/, /^fp16/, /^q8/]) await dialog.getByRole("checkbox", { name }).click();
  await expect.element(save).toBeDisabled();
  await dialog.getByRole("checkbox", { name: /^q8/ }).click();
  const onnx = vi.spyOn(context.control.api.files, "onnx").mockRejectedValueOnce(new Error("There is no checkpoint"));
  await save.click();
  await expect.element(dialog.getByRole("alert")).toHaveTextContent("There is no checkpoint");
  await save.click();
  await expect.element(dialog).not.toBeInTheDocument();
  expect(onnx).toHaveBeenCalledTimes(2);
  expect(saved.map(({ name }) => name)).toEqual(["mine-step-2-onnx.zip"]);
  expect(JSON.parse(await saved[0]!.text)).toEqual({ run: "mine", dtypes: ["q8"] });
});

test("a stored run is exported for verl with so many rows, and what cannot be is said", async () => {
  const fake = new FakeRun();
  fake.store("mine", [...fakeEvents(resolveConfig({ seed: 7, steps: 3 }))]);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.openStored("mine");
  const saved = downloads();
  await page.getByRole("button", { name: "Export for verl… mine" }).click();
  const dialog = page.getByRole("dialog", { name: "Export for training on verl and Ray" });
  const rows = dialog.getByRole("spinbutton", { name: /Rows to train on/ });
  await rows.fill("0");
  await expect.element(dialog.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
  await rows.fill("7");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect.element(dialog.getByRole("alert")).toHaveTextContent("found none");
  await rows.fill("64");
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect.element(dialog).not.toBeInTheDocument();
  expect(saved.map(({ name }) => name)).toEqual(["mine-verl.zip"]);
  expect(JSON.parse(await saved[0]!.text)).toEqual({ run: "mine", rows: 64 });
});

test("an archive that holds no run is refused in one sentence", async () => {
  const context = makePage(new FakeRun());
  render(<Page page={context} />, host);
  drop("other.zip", new Uint8Array([0x50, 0x4b, 3, 4, 0]));
  await expect.element(page.getByText("Expected a run in other.zip, found none")).toBeVisible();
});

test("settings leave as config.json, and a dropped one is used after a press", async () => {
  const context = makePage(new FakeRun());
  render(<Page page={context} />, host);
  drop("config.json", JSON.stringify(resolveConfig({ preset: "story", steps: 7, seed: 3 })));
  await expect.element(page.getByText("config.json: preset")).toBeVisible();
  expect(context.store.config.value.preset).toBe("needle");
  await page.getByRole("button", { name: "Use these settings" }).click();
  expect(context.store.config.value).toEqual(resolveConfig({ preset: "story", steps: 7, seed: 3 }));
  const saved = downloads();
  await page.getByRole("button", { name: "Save these settings" }).click();
  expect(saved[0]!.name).toBe("config.json");
  expect(JSON.parse(await saved[0]!.text)).toEqual(context.store.config.value);
  drop("config.json", '{"stepz":1}');
  await expect.element(page.getByText('config.json: There is no knob "stepz"; did you mean "steps"?')).toBeVisible();
});

test("a dump of verl is dropped and shown: rewards, turns and texts, without asking for its files", async () => {
  const context = makePage(new FakeRun());
  render(<Page page={context} />, host);
  const row = (step: number, score: number) => ({
    input: "user\nWhich colour?\nassistant\n",
    output:
      '<tool_call>{"name":"image_zoom_in_tool","arguments":{"bbox_2d":[1,2,3,4]}}</tool_call>\nuser\n<tool_response><image></tool_response>\nassistant\n<answer>red</answer>',
    gts: "red",
    score,
    step,
  });
  drop("dump.jsonl", [row(1, 0), row(1, 1), row(2, 1)].map((one) => `${JSON.stringify(one)}\n`).join(""));
  await expect.element(page.getByText("A log of verl: rollouts and rewards are shown")).toBeVisible();
  expect(context.store.updates.value.map(({ metrics }) => metrics.reward)).toEqual([0.5, 1]);
  expect(context.store.lookup.value).toMatchObject({ dataFiles: [], modelFolder: null, addresses: [] });
  context.store.tab.value = "step";
  await expect.element(page.getByText("Which colour?").first()).toBeVisible();
  await expect.element(page.getByText("This log of another program holds no pictures").first()).toBeVisible();
  await expect.element(page.getByText("<answer>red</answer>").first()).toBeVisible();
});
