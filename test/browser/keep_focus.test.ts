import { afterEach, beforeEach, expect, test } from "vitest";
import { userEvent } from "vitest/browser";
import { keepFocus } from "../../src/app/web/frame/keep_focus.ts";

let host: HTMLElement;
let end: () => void;
beforeEach(() => {
  host = document.createElement("div");
  host.innerHTML = `
    <header><button>Tab</button><button class="go">Start</button></header>
    <main><ul><li><button>Open</button><button>Remove</button></li></ul><p>text</p></main>`;
  document.body.append(host);
  end = keepFocus();
});
afterEach(() => {
  end();
  host.remove();
});

const named = (text: string) => [...host.querySelectorAll("button")].find((one) => one.textContent === text)!;
const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const focused = () => document.activeElement?.textContent;

test("a button that is disabled while it works has the focus again when it is done", async () => {
  named("Start").focus();
  named("Start").disabled = true;
  await painted();
  named("Start").disabled = false;
  await painted();
  expect(focused()).toBe("Start");
});

test("what is taken away leaves the focus to its neighbours, and a view to what comes in its place", async () => {
  named("Remove").focus();
  named("Remove").remove();
  await painted();
  expect(focused()).toBe("Open");
  host.querySelector("main")!.innerHTML = "<button>Other</button>";
  await painted();
  expect(focused()).toBe("Other");
});

test("where nothing near is left, the main button has it, once it can be pressed", async () => {
  named("Open").focus();
  named("Start").disabled = true;
  host.querySelector("main")!.remove();
  await painted();
  expect(document.activeElement).toBe(document.body);
  named("Start").disabled = false;
  await painted();
  expect(focused()).toBe("Start");
});

test("who clicks elsewhere has let go", async () => {
  named("Open").focus();
  await userEvent.click(host.querySelector("p")!);
  named("Open").remove();
  await painted();
  expect(document.activeElement).toBe(document.body);
});

test("what is rendered while a key moves the focus does not call it back", async () => {
  // As the meaning of a word, which goes when its word is left.
  named("Open").addEventListener("focusout", () => queueMicrotask(() => host.querySelector("p")!.remove()));
  named("Open").focus();
  await userEvent.tab();
  await painted();
  expect(focused()).toBe("Remove");
});
