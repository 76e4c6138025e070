import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { theme } from "../../src/app/web/widgets/theme.ts";
import { pageStates, showState } from "../support/page_states.tsx";
import { soon } from "../support/soon.ts";

let host: HTMLElement;
beforeAll(() => {
  document.documentElement.lang = "en";
  document.title = "Saccade";
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
});
beforeEach(() => page.viewport(1280, 900));
afterEach(() => {
  render(null, host);
  theme.value = "light";
});

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Where a state differs from others: the rest of the page is looked at with them. */
const part: Readonly<Record<string, string>> = {
  "without a GPU": ".notices",
  "with notices": ".notices",
  "the words": "dialog",
  "the presets": "dialog",
  "a word's meaning": ".balloon",
  "tokens by entropy": ".toks",
  "tokens by advantage": ".toks",
  "a branch and its outcome": ".branching",
  "an audited judge": "details.card:has(.audit)",
  "a new sweep": "form.sweepform",
  "saving a run": "dialog",
  "what if, over a run": "dialog",
  "the keys": "dialog",
};

/** What axe finds, a line for each place. */
async function found(context: Element, options: axe.RunOptions): Promise<string[]> {
  const { violations } = await axe.run(context, { ...options, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all }) => `${id}: ${target.join(" ")} (${[...any, ...all][0]?.message ?? ""})`),
  );
}

const overflow = (): number => document.documentElement.scrollWidth - document.documentElement.clientWidth;

/** Cards and dialogs with something beyond their right edge, but for what scrolls or is hidden in them. */
const brokenOut = (): string[] =>
  [...document.querySelectorAll<HTMLElement>(".card, dialog[open]")]
    .filter((card) => card.scrollWidth > card.clientWidth + 1)
    .map((card) => `${card.className}: ${card.textContent!.slice(0, 40)}`);

describe.each(Object.keys(pageStates))("%s", (name) => {
  test("axe finds nothing in either theme, and nothing is wider than the window or its card", async () => {
    await showState(host, name);
    // What a press has scrolled below the run bar counts as covered.
    scrollTo(0, 0);
    const context = name in part ? document.querySelector(part[name]!)! : document.documentElement;
    const rules = { "label-content-name-mismatch": { enabled: true }, "target-size": { enabled: true } };
    expect(await found(context, { runOnly: { type: "tag", values: tags }, rules })).toEqual([]);
    theme.value = "dark";
    const colours = { runOnly: { type: "rule" as const, values: ["color-contrast", "link-in-text-block"] } };
    expect(await found(context, colours)).toEqual([]);
    for (const width of name in part ? [390] : [1200, 1024, 390]) {
      await page.viewport(width, 900);
      await soon(() => expect(overflow(), `at ${width}`).toBeLessThanOrEqual(0));
      expect(brokenOut(), `at ${width}`).toEqual([]);
      for (const chip of document.querySelectorAll(".chip"))
        expect(chip.getBoundingClientRect().right, `${chip.textContent} at ${width}`).toBeLessThanOrEqual(width);
    }
  });
});
