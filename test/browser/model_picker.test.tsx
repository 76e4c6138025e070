import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { fakeCommit } from "../support/fake_hub_api.ts";
import { FakeRun } from "../support/fake_run.ts";

let host: HTMLDivElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  localStorage.removeItem("saccade.hub-token");
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
  localStorage.removeItem("saccade.hub-token");
});

async function picker() {
  const fake = new FakeRun();
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await page.getByRole("button", { name: "Choose…" }).click();
  const dialog = page.getByRole("dialog", { name: "Choose a model" });
  await expect.element(dialog.getByText("1.44 million parameters · 2.9 MB · Apache-2.0").first()).toBeVisible();
  return { fake, context, dialog };
}

test("models are listed with size, licence and needs; one of the Hub brings settings that fit it", async () => {
  const { context, dialog } = await picker();
  await expect.element(dialog.getByText(/needs .* GiB of the GPU/).first()).toBeVisible();
  await dialog.getByRole("button", { name: "Use Qwen/Qwen2.5-VL-3B-Instruct", exact: true }).click();
  expect(context.store.config.value).toMatchObject({
    model: "Qwen/Qwen2.5-VL-3B-Instruct@main",
    loraRank: 16,
    prompt: "deepeyes",
  });
  await dialog.getByRole("button", { name: "Use story", exact: true }).click();
  expect(context.store.config.value).toMatchObject({ preset: "story", model: "story", loraRank: 0, prompt: "compact" });
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect.element(dialog).not.toBeInTheDocument();
  await expect.element(page.getByText("Model story, all weights")).toBeVisible();
});

test.each(["light", "dark"])("axe finds nothing in it, %s", async (theme) => {
  document.documentElement.dataset.theme = theme;
  const { dialog } = await picker();
  await dialog.getByLabelText(/^owner\/name/i).fill("gated/one");
  await dialog.getByRole("button", { name: "Look", exact: true }).click();
  await expect.element(dialog.getByRole("alert")).toBeVisible();
  await dialog.getByText("A token of the Hub").click();
  await dialog.getByLabelText(/^owner\/name/i).fill("some/model");
  await dialog.getByRole("button", { name: "Look", exact: true }).click();
  await dialog.getByRole("button", { name: "Fetch its weights now" }).click();
  await expect.element(dialog.getByRole("button", { name: "Stop" })).toBeVisible();
  const { violations } = await axe.run(document.querySelector("dialog.models")!);
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([]);
  delete document.documentElement.dataset.theme;
});

test("a model is looked at, pinned to its commit, and its weights are fetched file by file", async () => {
  const { fake, context, dialog } = await picker();
  await dialog.getByLabelText(/^owner\/name/i).fill("some/model");
  await dialog.getByRole("button", { name: "Look", exact: true }).click();
  await expect.element(dialog.getByRole("row", { name: `main is commit ${fakeCommit}` })).toBeVisible();
  await expect.element(dialog.getByRole("row", { name: "weights 2 files, 4.00 GB" })).toBeVisible();
  await dialog.getByRole("button", { name: "Use this commit" }).click();
  expect(context.store.config.value.model).toBe(`some/model@${fakeCommit}`);
  await dialog.getByRole("button", { name: "Fetch its weights now" }).click();
  await dialog.getByRole("button", { name: "Stop" }).click();
  await expect.element(dialog.getByText(/Stopped; what is here stays/)).toBeVisible();
  expect(fake.asked).toContain("stop fetching");
  await dialog.getByRole("button", { name: "Go on" }).click();
  await expect.element(dialog.getByText("All of it is here: 4.00 GB of 4.00 GB")).toBeVisible();
  await expect.element(dialog.getByText("3.00 GB of 3.00 GB · checked")).toBeVisible();
});

test("the token goes to the worker, and is kept only where that is asked for", async () => {
  const { fake, context, dialog } = await picker();
  await dialog.getByLabelText(/^owner\/name/i).fill("gated/one@main");
  await dialog.getByRole("button", { name: "Look", exact: true }).click();
  await expect.element(dialog.getByRole("alert")).toHaveTextContent(/is gated \(401\)/);
  await dialog.getByText("A token of the Hub").click();
  const field = dialog.getByLabelText("token, for private and gated models");
  await field.fill("hf_secret");
  (document.activeElement as HTMLElement).blur();
  await expect.poll(() => fake.hub.token).toBe("hf_secret");
  expect(localStorage.getItem("saccade.hub-token")).toBeNull();
  await dialog.getByRole("button", { name: "Look", exact: true }).click();
  await expect.element(dialog.getByText(/to be accepted at/)).toBeVisible();
  await dialog.getByLabelText("remember on this device, as plain text").click();
  expect(localStorage.getItem("saccade.hub-token")).toBe("hf_secret");
  // Neither the settings nor the page's address have it.
  expect(JSON.stringify(context.store.config.value) + location.href).not.toContain("hf_secret");
  // The next page sends it before anything is asked.
  const next = new FakeRun();
  makePage(next);
  await expect.poll(() => next.hub.token).toBe("hf_secret");
  await dialog.getByLabelText("remember on this device, as plain text").click();
  expect(localStorage.getItem("saccade.hub-token")).toBeNull();
});
