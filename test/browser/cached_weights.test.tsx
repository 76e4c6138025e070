import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { FakeRun } from "../support/fake_run.ts";

let host: HTMLDivElement;
beforeEach(() => {
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

test("weights from the network are listed with what is kept of them, and removed after a question", async () => {
  const path = "hf://Qwen/Qwen2.5-VL-3B-Instruct@main/model-00001-of-00002.safetensors";
  const fake = new FakeRun({
    weights: [
      { key: "a", path, sizeBytes: 3.98e9, keptBytes: 1.25e9 },
      { key: "b", path: "hf://owner/other@main/model.safetensors", sizeBytes: 2e9, keptBytes: 2e9 },
    ],
  });
  const context = makePage(fake);
  context.store.tab.value = "runs";
  render(<Page page={context} />, host);
  await expect
    .element(page.getByRole("row", { name: /model-00001-of-00002\.safetensors 1\.25 of 3\.98/ }))
    .toBeVisible();
  await expect.element(page.getByRole("row", { name: /owner\/other@main\/model\.safetensors 2\.00 / })).toBeVisible();
  await page.getByRole("button", { name: `Remove ${path}` }).click();
  expect(fake.asked).not.toContain("remove weights a");
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await expect.element(page.getByRole("row", { name: /model-00001/ })).not.toBeInTheDocument();
  expect(fake.asked).toContain("remove weights a");
});

test("while a model is loaded the page says how much of it has been read", async () => {
  const { promise: openAfter, resolve: letOpen } = Promise.withResolvers<void>();
  const fake = new FakeRun({ loading: { doneBytes: 2.6e9, ofBytes: 7.51e9 }, openAfter });
  const context = makePage(fake);
  render(<Page page={context} />, host);
  const opening = context.control.open();
  await expect.element(page.getByText("loading the model: 34 % of 7.51 GB…").first()).toBeVisible();
  letOpen();
  await opening;
  await expect.element(page.getByRole("button", { name: "Start", exact: true })).toBeEnabled();
});
