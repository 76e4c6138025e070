import { expect, test } from "vitest";
import { docsPages } from "../../../src/app/serve/docs_pages.mjs";

const pages = docsPages(new URL("../../../", import.meta.url).pathname);

test("there is a page for every document, and the sources are reached from the map", () => {
  for (const page of ["README", "docs/engine", "src/README", "CONTRIBUTING", "SECURITY"])
    expect(pages.get(`docs/${page}.html`), page).toContain("<h1");
  expect(pages.get("docs/src/README.html")).toContain('href="agent/tools.html"');
  expect(pages.get("docs/src/agent/tools/zoom.ts.html")).toContain("image_zoom_in_tool");
  expect(pages.get("docs/src/train/grpo.ts.html")).toContain("&lt;");
});

test("every link leads to a page or a heading, and nothing is loaded from elsewhere", () => {
  const broken: string[] = [];
  for (const [path, content] of pages) {
    const text = String(content);
    if (!path.endsWith(".html") || path.includes(".ts.") || path.includes(".html.html")) continue;
    for (const [, href = ""] of text.matchAll(/<a href="([^"]+)"/g)) {
      if (href.startsWith("https://") || href.endsWith("/index.html")) continue;
      const [file, place] = href.split("#");
      const target = file === "" ? path : new URL(file!, `http://here/${path}`).pathname.slice(1);
      const found = pages.get(target);
      if (found === undefined || (place !== undefined && !String(found).includes(`id="${place}"`)))
        broken.push(`${path}: ${href}`);
    }
  }
  expect(broken).toEqual([]);
  for (const [path, text] of pages)
    if (path.endsWith(".html")) expect(text, path).not.toMatch(/(src|rel="stylesheet" href)="https?:/);
});

test("no page has a name that a server could take for something else", () => {
  for (const path of pages.keys()) expect(path).toMatch(/^docs\/[\w./@-]+\.(html|css|png|jpg|webp|svg)$/);
});
