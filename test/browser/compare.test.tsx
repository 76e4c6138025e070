import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { type PolicyServerState, policyFetch } from "../support/policy_fetch.ts";

let host: HTMLElement;
let asked: Request[] = [];
let state: PolicyServerState = "ready";
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
  asked = [];
  state = "ready";
});
afterEach(() => {
  render(null, host);
  host.remove();
});

/** The page with a stored run of four steps, and another of the same tasks. */
async function opened() {
  const fake = new FakeRun({
    platform: openBrowserPlatform(new URL("/", location.href).href),
    policy: policyFetch(() => state, asked),
  });
  const config = resolveConfig({ seed: 7, steps: 4, tasksPerStep: 2, rolloutsPerTask: 3 });
  fake.store("recorded", [...fakeEvents(config)]);
  fake.store("other", [...fakeEvents({ ...config, bonus: "none" })]);
  fake.store("strange", [...fakeEvents({ ...config, seed: 8 })]);
  const context = makePage(fake);
  render(<Page page={context} />, host);
  await context.control.open();
  await context.control.openStored("recorded");
  context.store.tab.value = "step";
  return { context, fake };
}

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const choice = (name: "A" | "B") =>
  (page.getByRole("combobox", { name: `Rollout ${name}` }).element() as HTMLSelectElement).selectedOptions[0]!.text;

describe("two rollouts of one task", () => {
  test("a sibling stands beside the rollout that is stepped through, its first difference marked", async () => {
    await opened();
    await button("Compare").first().click();
    await expect.element(page.getByRole("combobox", { name: "Rollout A" })).toBeVisible();
    expect(choice("A")).not.toBe(choice("B"));
    await expect.element(page.getByText(/^Transcripts (first difference in|word for word)/)).toBeVisible();
    await expect
      .element(page.getByRole("img", { name: /^Original picture; the gold box is dashed; A / }))
      .toBeVisible();
    // Marked once a side.
    const marks = document.querySelectorAll("p.pieces mark");
    expect([0, 2]).toContain(marks.length);
  });

  test("before and after training is one click, and the text of one is scored under the other", async () => {
    const { context, fake } = await opened();
    context.store.tab.value = "compare";
    await button("Before and after training").click();
    await expect.element(page.getByText(/^Transcripts/)).toBeVisible();
    await expect.poll(() => choice("A")).toMatch(/^before training, greedy: /);
    expect(choice("B")).toMatch(/^checkpoint of step 30, greedy: /);
    expect(fake.asked.filter((line) => line.startsWith("roll "))).toEqual([
      expect.stringMatching(/ start 0 greedy$/),
      expect.stringMatching(/ checkpoint 1000000000 greedy$/),
    ]);
    await button("Score B’s text under A").click();
    await expect.element(page.getByRole("table", { name: "B’s text under A" })).toBeVisible();
    expect(fake.asked.at(-1)).toMatch(/^measures here·2 start /);
    expect(document.querySelectorAll("p.pieces .less, p.pieces .more").length).toBeGreaterThan(0);
  });

  test("other settings, and another run, are other sides", async () => {
    const { context, fake } = await opened();
    context.store.tab.value = "compare";
    await page.getByLabelText("greedy (most likely token each time)").first().click();
    await page.getByLabelText("seed of the samples").fill("5");
    await page.getByLabelText("what a zoom shows").selectOptions("grey");
    await button("Sample as B").first().click();
    await expect.poll(() => choice("B")).toMatch(/^before training, seed 5, crop blank: /);
    expect(fake.asked.at(-1)).toMatch(/^roll .* start \d+ seed 5$/);

    await page.getByText("Take it from another run").click();
    await page.getByLabelText("run in this browser").selectOptions("other");
    await button("Find this task there").click();
    await expect.poll(() => choice("B")).toMatch(/^other, step \d, rollout 1: /);
    const before = choice("B");
    await page.getByLabelText("run in this browser").selectOptions("strange");
    await button("Find this task there").click();
    await expect
      .element(page.getByText(/^The run "strange" never rolled this task: runs share tasks where/))
      .toBeVisible();
    expect(choice("B")).toBe(before);
  });

  test("is reached from the list of runs", async () => {
    const { context } = await opened();
    context.store.tab.value = "runs";
    await button("More: about the run other").click();
    await button("Compare rollouts of the run other").click();
    await expect.element(page.getByRole("combobox", { name: "Rollout A" })).toBeVisible();
    expect(context.store.replay.value!.name).toBe("other");
  });
});

test("ONNX graphs roll the task, and the step view says what is not known of them", async () => {
  const { context, fake } = await opened();
  context.store.tab.value = "compare";
  await page.getByText("Sample with ONNX graphs").click();
  await page.getByLabelText("repository or folder").fill("some/needle-ONNX@main");
  await page.getByLabelText("dtype of the graphs").selectOptions("q4f16");
  await page.getByLabelText("run on").selectOptions("processor (slow)");
  await button("Sample as B").nth(1).click();
  await expect.poll(() => choice("B")).toMatch(/^some\/needle-ONNX@main, greedy: /);
  expect(fake.asked.at(-1)).toMatch(/^graphs .* some\/needle-ONNX@main q4f16 cpu$/);
  await expect.element(page.getByText("some/needle-ONNX@main on a fake device")).toBeVisible();
  await button("Step through B").click();
  await expect
    .element(page.getByText(/by the graphs · attention and the prompt’s probabilities are unknown/))
    .toBeVisible();
  const { segments, id } = context.store.chosen.value!.rollout;
  context.store.cursor.value = { rollout: id, tokens: segments[0]!.tokens.length + 1 };
  await expect.element(page.getByText(/^Probabilities are those of the graphs/)).toBeVisible();
  await expect.element(page.getByRole("row", { name: `id ${segments[1]!.tokens[0]}`, exact: true })).toBeVisible();
});

describe("a model on a server", () => {
  async function rolled(key?: string) {
    const made = await opened();
    made.context.store.tab.value = "compare";
    await page.getByText("Sample with a model on a server").click();
    await page.getByLabelText("address").fill("http://127.0.0.1:8000/v1");
    if (key) await page.getByLabelText("key").fill(key);
    await button("Sample as B").nth(1).click();
    return made;
  }

  test("rolls the task, and is stepped through as far as it is known", async () => {
    const { context } = await rolled();
    await expect
      .poll(() => choice("B"))
      .toBe("served-vl-7b: wrong, “7”".replace("wrong", choice("B").includes("right") ? "right" : "wrong"));
    expect(asked.map(({ url }) => url.replace(/.*\/v1/, ""))).toEqual([
      "/models",
      "/chat/completions",
      "/chat/completions",
    ]);
    await expect.element(page.getByText(/is from elsewhere: its tokens are not those of a model here/)).toBeVisible();
    await expect.element(page.getByText(/says no family of models/)).toBeVisible();
    await button("Step through B").click();
    await expect
      .element(page.getByText(/as the server says · entropies are unknown · nothing is trained on it/))
      .toBeVisible();
    await expect.element(page.getByText("prompt · 700 tokens")).toBeVisible();
    const [, first] = context.store.chosen.value!.rollout.segments;
    const place = context.store.chosen.value!.rollout.segments[0]!.tokens.length + 1;
    context.store.cursor.value = { rollout: context.store.chosen.value!.rollout.id, tokens: place };
    await expect.element(page.getByRole("row", { name: "entropy unknown" })).toBeVisible();
    await expect.element(page.getByRole("row", { name: "probability 0.25", exact: true })).toBeVisible();
    await expect.element(page.getByRole("row", { name: `${first!.texts![0]} (written)` })).toBeVisible();
    expect(document.body.textContent).not.toContain("What the crop was worth");
  });

  test("what it does not give is unknown, never 0", async () => {
    state = "no-logprobs";
    const { context } = await rolled();
    await expect.element(page.getByText(/gives no log-probabilities, though they are asked for/)).toBeVisible();
    await button("Step through B").click();
    await expect.element(page.getByText(/^Probabilities are unknown: the server gives none/)).toBeVisible();
    const { rollout } = context.store.chosen.value!;
    context.store.cursor.value = { rollout: rollout.id, tokens: rollout.segments[0]!.tokens.length + 1 };
    await expect.element(page.getByRole("row", { name: "log-probability unknown" })).toBeVisible();
  });

  test("the key that is entered goes to it", async () => {
    state = "unauthorized";
    await rolled("right");
    await expect.poll(() => choice("B")).toMatch(/^served-vl-7b: /);
    expect(asked.every(({ headers }) => headers.get("authorization") === "Bearer right")).toBe(true);
  });

  test.each<[PolicyServerState, RegExp]>([
    ["unauthorized", /refuses the key \(401\).*; give the key of this server/],
    ["no-pictures", /takes no pictures: serve a vision-language model/],
    ["too-large", /\(413\).*the pictures are larger than it takes: lower maxPixels/],
  ])("%s is one sentence, and the comparison stays as it was", async (now, sentence) => {
    state = now;
    await rolled();
    await expect.element(page.getByText(sentence)).toBeVisible();
    expect(choice("B")).toMatch(/^step \d+, rollout /);
  });
});
