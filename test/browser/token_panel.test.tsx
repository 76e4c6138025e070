import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { FakeRun } from "../support/fake_run.ts";
import { soon } from "../support/soon.ts";

let host: HTMLElement;

beforeEach(() => {
  host = document.body.appendChild(document.createElement("div"));
});

afterEach(() => {
  render(null, host);
  host.remove();
});

/** A fake run of one step, stepped through up to the second token that the model wrote. */
async function stepped() {
  const fake = new FakeRun();
  const context = makePage(fake);
  context.store.changes.value = { preset: "needle", seed: 1, steps: 2, tasksPerStep: 2, rolloutsPerTask: 4 };
  render(<Page page={context} />, host);
  await context.control.open();
  await context.control.step();
  context.store.tab.value = "step";
  await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
  await userEvent.keyboard("{ArrowRight}{ArrowRight}");
  await soon(() => expect(document.querySelector(".alternatives")).not.toBeNull());
  return { fake, context, asked: () => fake.asked.filter((line) => line.startsWith("measures")) };
}

/** A row of the token's table. */
const row = (label: string): string | undefined =>
  [...document.querySelectorAll(".kv tr")]
    .map((tr) => [...tr.querySelectorAll("td")].map((td) => td.textContent ?? ""))
    .find(([name]) => name === label)?.[1];

describe("the weights that are asked about a token", () => {
  test("are chosen, compared, and named with their step", async () => {
    const { asked, context } = await stepped();
    expect(asked()).toEqual([`measures ${context.store.chosen.value!.rollout.id} now start`]);
    await expect.element(page.getByText("now: after step 1")).toBeVisible();
    // Up by 0.25 at one token, down by 0.25 at the next; the start is 0.1 away.
    expect(row("ratio, these weights / as written")).toBe("0.78");
    expect(row("ratio, these / compared weights")).toBe("0.86");
    expect(row("KL to the compared weights")).toMatch(/^0\.03\d nats$/);
    expect(document.querySelector(".alternatives tr")!.querySelectorAll(".num")).toHaveLength(2);
    expect(row("clipped, under these weights")).toMatch(/^(no|yes: below 0.80)$/);
    expect(row("share of the rollout’s loss")).toMatch(/^[\d.]+ %$/);

    await page.getByLabelText("weights", { exact: true }).selectOptions("checkpoint");
    await expect.element(page.getByText("nearest checkpoint: after step 2; it was written at the start")).toBeVisible();
    expect(row("ratio, these weights / as written")).toBe("1, exactly");
    await page.getByLabelText("weights", { exact: true }).selectOptions("start");
    await expect.element(page.getByText("the weights that wrote it: at the start")).toBeVisible();
    await page.getByLabelText("compare with", { exact: true }).selectOptions("none");
    await soon(() => expect(row("KL to the compared weights")).toBeUndefined());
    expect(asked()).toHaveLength(4);
  });

  test("colour the transcript, and mark what the loss clips", async () => {
    const { context } = await stepped();
    const advantage = context.store.chosen.value!.rollout.advantage!;
    const tokens = () => [...document.querySelectorAll<HTMLElement>(".turn.model .tok")];
    // Every second token went up by a factor of 1.28, the others down: with an advantage the bounds clip one kind.
    await soon(() => expect(tokens().some((token) => token.classList.contains("clipped"))).toBe(advantage !== 0));
    const colour = page.getByLabelText("colour:");
    await colour.selectOptions("ratio");
    await expect.element(page.getByText("ratio 0.67")).toBeVisible();
    expect(tokens()[1]!.classList.contains("falls")).toBe(true);
    expect(tokens()[0]!.classList.contains("falls")).toBe(false);
    await colour.selectOptions("KL");
    await expect.element(page.getByText(/^0 .* nats/)).toBeVisible();
  });

  test("that cannot be asked are explained in their place", async () => {
    const { fake } = await stepped();
    const sentence = 'The run "needle" has no checkpoint yet; it is saved when it is paused';
    fake.rollouts.measures = async () => {
      throw new Error(sentence);
    };
    await page.getByLabelText("weights", { exact: true }).selectOptions("checkpoint");
    await expect.element(page.getByText(sentence)).toBeVisible();
    expect(document.querySelector(".alternatives")).toBeNull();
  });
});

describe("the formula of a token", () => {
  test("stands beside another loss, whose bounds and KL move", async () => {
    await stepped();
    await page.getByText("the loss of this token, written out").click();
    await expect.element(page.getByRole("columnheader", { name: "GRPO" })).toBeVisible();
    const cells = (name: string) => {
      const rows = [...document.querySelectorAll(".formula tbody tr")];
      const found = rows.find((tr) => tr.querySelector("th b")?.textContent === name)!;
      return [...found.querySelectorAll("td")].map((td) => td.textContent!);
    };
    expect(cells("kl")[0]).toBe("not in the loss: its coefficient is 0");
    expect(cells("kl")[1]).toMatch(/^k3: eᵈ − d − 1 = 0\.012 with d = 0\.15, coefficient 0\.04$/);
    expect(cells("w")[1]).toMatch(/^seq-mean-token-mean: 1 \/ \(8 rollouts × \d+ tokens\) = /);
    const before = cells("clip")[1]!;

    await page.getByLabelText("other loss").selectOptions("GSPO");
    await expect.element(page.getByRole("columnheader", { name: "GSPO" })).toBeVisible();
    expect(cells("r")[1]).toMatch(/^exp\(mean of log π − log π_old over \d+ tokens\)/);
    expect(cells("kl")).toEqual(["not in the loss: its coefficient is 0", "not in the loss: its coefficient is 0"]);

    await page.getByLabelText("other loss").selectOptions("DAPO");
    await expect.element(page.getByRole("columnheader", { name: "DAPO" })).toBeVisible();
    const slider = page.getByRole("slider", { name: "clip below" });
    (slider.element() as HTMLElement).focus();
    const cursor = document.querySelector("aside h2")!.textContent;
    await userEvent.keyboard("{Home}");
    // Bounds of 1e-4 clip whatever moved; the cursor stays, since the slider takes the keys.
    await expect.element(page.getByRole("columnheader", { name: "DAPO, changed" })).toBeVisible();
    expect(cells("clip")[1]).toMatch(/^\[1 − 1e-4, 1 \+ 0.28\]/);
    expect(cells("clip")[1]).not.toBe(before);
    expect(document.querySelector("aside h2")!.textContent).toBe(cursor);
    (page.getByRole("slider", { name: "KL coefficient" }).element() as HTMLElement).focus();
    await userEvent.keyboard("{End}");
    await soon(() => expect(cells("kl")[1]).toContain("coefficient 10"));
    expect(cells("kl")[0]).toBe("not in the loss: its coefficient is 0");
  });
});

describe("the attention of a token", () => {
  const table = () =>
    [...document.querySelectorAll('[aria-label="Attention by picture"] tr')].map((tr) => tr.textContent);
  /** The place of a picture that has no shade, counted in tokens. */
  const lightest = (picture: Element): number => {
    const canvas = picture.querySelector<HTMLCanvasElement>(".attention canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, m) => data[4 * m + 3]!).indexOf(0);
  };

  test("is drawn on the pictures, goes by keys through layers and heads, and is said to be no proof", async () => {
    const { fake } = await stepped();
    await page.getByText("from this token to the pictures").click();
    await soon(() => expect(document.querySelector(".attention")).not.toBeNull());
    await expect.element(page.getByText(/Attention does not prove cause/)).toBeVisible();
    expect(fake.asked.filter((line) => line.startsWith("attention"))).toHaveLength(1);
    // Four heads look at one token each, of their own number; the mean at all four alike.
    expect(table()[0]).toContain("most at row 1, column 1: 13.2 %");
    const layer = page.getByRole("slider", { name: "layer" });
    (layer.element() as HTMLElement).focus();
    const cursor = document.querySelector("aside h2")!.textContent;
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    await expect.element(layer).toHaveAttribute("aria-valuetext", "layer 2 of 2");
    const head = page.getByRole("slider", { name: "head" });
    (head.element() as HTMLElement).focus();
    await userEvent.keyboard("{ArrowRight}");
    await soon(() => expect(table()[0]).toContain("most at row 1, column 3: 50.0 %"));
    await soon(() => expect(lightest(document.querySelector(".stage")!)).toBe(2));
    expect(document.querySelector("aside h2")!.textContent).toBe(cursor);

    await page.getByLabelText("attention rollout (all layers multiplied)").click();
    await soon(() => expect(table()[0]).toContain("most at row 2, column 2: 25.0 %"));
    await soon(() => expect(lightest(document.querySelector(".crops .seen")!)).toBe(5));
    await expect.element(layer).toBeDisabled();

    // The button leads to what is a proof; folded, nothing is drawn.
    await page.getByRole("button", { name: "What the crop was worth" }).click();
    await soon(() => expect(document.querySelector("#panel-worth")!.hasAttribute("open")).toBe(true));
    await page.getByText("from this token to the pictures").click();
    await soon(() => expect(document.querySelector(".attention")).toBeNull());
  });
});
