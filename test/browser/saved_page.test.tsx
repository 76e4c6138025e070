import { render } from "preact";
import { afterEach, expect, test, vi } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

const host = document.createElement("div");
document.body.append(host);
afterEach(() => render(null, host));

/** A document as the browser shows a file: in a frame of its own. */
async function opened(text: string): Promise<Document> {
  const frame = document.createElement("iframe");
  frame.srcdoc = text;
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  host.append(frame);
  await loaded;
  return frame.contentDocument!;
}

/** The page over a run whose model is open, at its first rollout that zoomed. */
async function stepping() {
  const fake = new FakeRun();
  fake.store("mine", [...fakeEvents(resolveConfig({ seed: 7, steps: 2, tasksPerStep: 2, rolloutsPerTask: 3 }))]);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.open();
  await context.control.openStored("mine");
  context.store.tab.value = "step";
  await expect.element(page.getByRole("img", { name: /^Original picture/ })).toBeVisible();
  return context;
}

/** What the button saves: the file's name and its text. */
async function saved(button: string): Promise<{ name: string; text: string; blob: Blob }> {
  const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  try {
    await page.getByRole("button", { name: button, exact: true }).click();
    await soon(() => expect(clicked).toHaveBeenCalledOnce());
    const link = clicked.mock.instances[0] as unknown as HTMLAnchorElement;
    const blob = await (await fetch(link.href)).blob();
    return { name: link.download, text: await blob.text(), blob };
  } finally {
    clicked.mockRestore();
  }
}

test("a rollout is saved as a file that shows its pictures, tokens and reward without script", async () => {
  const context = await stepping();
  const { name, text } = await saved("Save as HTML");
  const { rollout, task } = context.store.chosen.value!;
  expect(name).toBe(`rollout-${rollout.id.replaceAll("·", ".")}.html`);
  const shown = await opened(text);
  expect(shown.title).toBe(`Step ${rollout.step}, task ${rollout.taskIndex + 1}, rollout ${rollout.rolloutIndex + 1}`);
  expect(shown.querySelector(".facts")!.textContent).toContain("runmine");
  expect(shown.querySelector(".question")!.textContent).toBe(task.question);
  // Pictures: the original, and what the model got
  const pictures = [...shown.querySelectorAll<HTMLElement>(".picture")];
  expect(pictures).toHaveLength(1 + rollout.segments.flatMap(({ images }) => images).length);
  for (const picture of pictures) {
    expect(shown.defaultView!.getComputedStyle(picture).backgroundImage).toMatch(/^url\("data:image\/png/);
    expect(picture.clientHeight).toBeGreaterThan(20);
  }
  expect(shown.querySelectorAll(".stage .box:not(.gold)")).toHaveLength(
    rollout.calls.filter(({ outcome }) => outcome === "ok").length,
  );
  const sampled = rollout.segments.flatMap(({ logprobs }) => logprobs);
  const tokens = [...shown.querySelectorAll<HTMLElement>(".turn.model .t")];
  expect(tokens.map(({ title }) => /^p = ([\d.]+)/.exec(title)![1])).toEqual(
    sampled.map((p) => Math.exp(p).toFixed(4)),
  );
  const colours = tokens.map((token) => shown.defaultView!.getComputedStyle(token).backgroundColor);
  expect(new Set(colours).size).toBeGreaterThan(1);
  expect(shown.querySelectorAll("script, img, link, iframe")).toHaveLength(0);
});

test("a tree of branches is saved as one file, whichever of it is looked at", async () => {
  const context = await stepping();
  const { store, branches } = context;
  const first = store.chosen.value!;
  const at = first.rollout.segments[0]!.tokens.length + 1;
  const one = await branches.make(first, { kind: "token", at, token: first.rollout.segments[1]!.tokens[0]! });
  store.pinned.value = one!.id;
  const asked = "What <b>letter</b> is it?";
  await branches.make(store.chosen.value!, { kind: "question", question: asked });
  await expect.element(page.getByRole("button", { name: "Save as HTML, with 2 branches" })).toBeVisible();
  const { name, text } = await saved("Save as HTML, with 2 branches");
  expect(name).toBe(`rollout-${first.rollout.id.replaceAll("·", ".")}.html`);
  const shown = await opened(text);
  const sections = [...shown.querySelectorAll("section")];
  expect(sections.map((section) => section.querySelector("h2")!.textContent)).toEqual([
    expect.stringMatching(/^Step \d+, task \d+, rollout \d+$/),
    expect.stringMatching(new RegExp(`^Branch 1: “.+” as token ${at + 1} → “`)),
    expect.stringMatching(/^Branch 2: asked “What <b>letter<\/b> is it\?” → /),
  ]);
  expect(sections.map((section) => section.style.marginLeft)).toEqual(["0em", "1.5em", "3em"]);
  expect(sections.map((section) => section.querySelector(".question")!.textContent)).toEqual([
    first.task.question,
    first.task.question,
    asked,
  ]);
  expect(sections.map((section) => section.querySelectorAll(".t.given").length > 0)).toEqual([false, true, true]);
  expect(shown.querySelector(".facts")!.textContent).toContain("2, made later and not trained on");
});

test("Runs saves the log of a run as a file that the page opens again", async () => {
  const { store, control } = await stepping();
  const before = store.shown.value;
  store.tab.value = "runs";
  await page.getByRole("button", { name: "More: about the run mine" }).click();
  await expect.element(page.getByRole("button", { name: "Save its log as a file: of the run mine" })).toBeVisible();
  const { name, blob } = await saved("Save its log as a file: of the run mine");
  expect(name).toBe("mine.jsonl.gz");
  control.replay.close();
  await control.openFile(new File([blob], name));
  expect(store.replay.value!.origin).toBe("file");
  expect(store.shown.value).toEqual(before);
});

test("its policy lets nothing run and nothing load", async () => {
  const { rolloutPage } = await import("../../src/app/rollout_page/rollout_page.ts");
  const text = rolloutPage({ title: "x", facts: [] }, []);
  const trial = `<script>parent.wasRun = true</script><img src="/never" onerror="parent.wasRun = true">`;
  const violated: string[] = [];
  const shown = await opened(text.replace("</main>", `${trial}</main>`));
  shown.addEventListener("securitypolicyviolation", (event) => violated.push(event.effectiveDirective));
  const style = shown.createElement("link");
  style.rel = "stylesheet";
  style.href = "/never.css";
  shown.head.append(style);
  await soon(() => expect(violated).toContain("style-src-elem"));
  expect("wasRun" in window).toBe(false);
});
