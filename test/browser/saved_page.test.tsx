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

test("a rollout is saved as a file that shows its pictures, tokens and reward without script", async () => {
  const fake = new FakeRun();
  fake.store("mine", [...fakeEvents(resolveConfig({ seed: 7, steps: 2, tasksPerStep: 2, rolloutsPerTask: 3 }))]);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.openStored("mine");
  context.store.tab.value = "step";
  await expect.element(page.getByRole("img", { name: /^Original picture/ })).toBeVisible();
  const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  let link: HTMLAnchorElement;
  try {
    await page.getByRole("button", { name: "Save as HTML" }).click();
    await soon(() => expect(saved).toHaveBeenCalledOnce());
    link = saved.mock.instances[0] as unknown as HTMLAnchorElement;
  } finally {
    saved.mockRestore();
  }
  const { rollout, task } = context.store.chosen.value!;
  expect(link.download).toBe(`rollout-${rollout.id.replaceAll("·", ".")}.html`);
  const shown = await opened(await (await fetch(link.href)).text());
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
