import axe from "axe-core";
import { render } from "preact";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { theme } from "../../src/app/web/widgets/theme.ts";
import { pageStates, showState } from "../support/page_states.tsx";

let host: HTMLElement;
beforeAll(async () => {
  await page.viewport(1280, 900);
  document.documentElement.lang = "en";
  document.title = "Saccade";
  host = document.createElement("div");
  host.id = "page";
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  theme.value = "light";
});

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds, a line for each place. */
async function found(options: axe.RunOptions): Promise<string[]> {
  const { violations } = await axe.run(document, { ...options, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any, all }) => `${id}: ${target.join(" ")} (${[...any, ...all][0]?.message ?? ""})`),
  );
}

describe.each(Object.keys(pageStates))("%s", (name) => {
  test("axe finds nothing, and the colours of both themes can be told apart", async () => {
    await showState(host, name);
    const rules = { "label-content-name-mismatch": { enabled: true }, "target-size": { enabled: true } };
    expect(await found({ runOnly: { type: "tag", values: tags }, rules })).toEqual([]);
    theme.value = "dark";
    expect(await found({ runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } })).toEqual([]);
  });
});
