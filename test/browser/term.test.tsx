import { render } from "preact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/app/web/style.css";
import { Question, Term } from "../../src/app/web/widgets/term.tsx";

let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(600, 400);
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
});

const balloon = () => document.querySelector<HTMLElement>(".balloon");

test("a word shows its meaning on hover, keeps it under the pointer, and Escape closes it", async () => {
  render(
    <p>
      Rollouts of one <Term of="task">task</Term> are a <Term of="group">group</Term>.
    </p>,
    host,
  );
  expect(host.textContent).toBe("Rollouts of one task are a group.");
  await userEvent.hover(page.getByRole("button", { name: "group" }));
  await expect.element(page.getByText(/All rollouts of the same task/)).toBeVisible();
  await userEvent.hover(page.elementLocator(balloon()!));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(balloon()).not.toBeNull();
  await userEvent.keyboard("{Escape}");
  expect(balloon()).toBeNull();
});

test("a keyboard reaches the word, then the link in its meaning; it is named and described", async () => {
  render(
    <p>
      As in <Term of="deepeyes" />, and <Term of="token">tokens</Term>
    </p>,
    host,
  );
  await userEvent.tab();
  const word = page.getByRole("button", { name: "DeepEyes" });
  await expect.element(word).toHaveFocus();
  await expect.element(word).toHaveAttribute("aria-describedby", balloon()!.id);
  await userEvent.tab();
  await expect.element(page.getByRole("link", { name: /arXiv/ })).toHaveFocus();
  await userEvent.tab();
  await expect.element(page.getByRole("button", { name: "tokens" })).toHaveFocus();
  expect(document.querySelectorAll(".balloon")).toHaveLength(1);
});

test("a meaning stays within the window at every edge of it", async () => {
  render(
    <div style="position: fixed; inset: 0; display: flex; justify-content: space-between; align-items: end">
      <Question of="entropy" />
      <Question of="iou" />
    </div>,
    host,
  );
  for (const name of ["What is Entropy?", "What is IoU?"]) {
    await page.getByRole("button", { name }).click();
    const { left, right, top, bottom } = balloon()!.getBoundingClientRect();
    expect(Math.min(left, top, innerWidth - right, innerHeight - bottom)).toBeGreaterThanOrEqual(0);
    await userEvent.keyboard("{Escape}");
  }
});
