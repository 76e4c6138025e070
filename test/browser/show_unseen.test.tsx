import { render } from "preact";
import { afterEach, expect, test } from "vitest";
import { showUnseen } from "../../src/app/web/frame/show_unseen.ts";

showUnseen();
const host = document.createElement("div");
document.body.append(host);
afterEach(() => render(null, host));

const Named = ({ text, children }: { text: string; children?: unknown }) => (
  <section title={text} aria-label={`label ${text}`}>
    “{text}” · {children as string}
  </section>
);

test("every text on its way into an element shows what is not seen", () => {
  render(<Named text={"a\u202eb"}>{"c\u200bd"}</Named>, host);
  const p = host.querySelector("section")!;
  expect(p.textContent).toBe("“a<U+202E>b” · c<U+200B>d");
  expect([...p.querySelectorAll(".unseen")].map(({ textContent }) => textContent)).toEqual(["<U+202E>", "<U+200B>"]);
  expect(p.title).toBe("a<U+202E>b");
  expect(p.getAttribute("aria-label")).toBe("label a<U+202E>b");
});

test("where there is room for text alone it is text", () => {
  render(
    <select>
      <option value={"v\u202e"}>{"v\u202e"}</option>
    </select>,
    host,
  );
  const option = host.querySelector("option")!;
  expect([option.textContent, option.value]).toEqual(["v<U+202E>", "v\u202e"]);
});

test("what a person types is left alone", () => {
  render(<textarea value={"a\u202eb"} />, host);
  expect(host.querySelector("textarea")!.value).toBe("a\u202eb");
});

test("it follows changes, and goes again", () => {
  render(<p>{"a\u202eb"}</p>, host);
  render(<p>{"ab"}</p>, host);
  expect(host.innerHTML).toBe("<p>ab</p>");
  render(<p>{"x\u2066"}</p>, host);
  expect(host.textContent).toBe("x<U+2066>");
});

test("text from right to left does not turn what stands beside it", () => {
  render(
    <p>
      {"שלום"} · expected {"7"}
    </p>,
    host,
  );
  expect(host.querySelector("bdi")!.textContent).toBe("שלום");
});
