import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { docsPages } from "../../../src/app/serve/docs_pages.mjs";

const pages = docsPages(new URL("../../../", import.meta.url).pathname);

test("there is a page for every document, and none for a source file", () => {
  for (const page of ["README", "docs/engine", "src/README", "CONTRIBUTING", "SECURITY"])
    expect(pages.get(`docs/${page}.html`), page).toContain("<h1");
  expect(pages.get("docs/src/README.html")).toContain("<code>agent/tools</code>");
  expect([...pages.keys()].filter((path) => /\.\w+\.html$/.test(path))).toEqual([]);
  expect(pages.size).toBeLessThan(60);
});

test.each([
  [
    "no repository",
    {},
    '<p>The loss (<code>src/loss.ts</code>), <code>src/ops</code>, <a href="docs/other.html">more</a>.</p>',
  ],
  [
    "a repository",
    { repository: { type: "git", url: "git+https://example.org/o/saccade.git" } },
    '<p><a href="https://example.org/o/saccade/blob/HEAD/src/loss.ts" rel="noreferrer">The loss</a>, <a href="https://example.org/o/saccade/tree/HEAD/src/ops" rel="noreferrer"><code>src/ops</code></a>, <a href="docs/other.html">more</a>.</p>',
  ],
  [
    "an address that cannot be visited",
    { repository: "git@example.org:o/saccade.git" },
    '<p>The loss (<code>src/loss.ts</code>), <code>src/ops</code>, <a href="docs/other.html">more</a>.</p>',
  ],
])("a document links to sources where package.json names %s", (_, settings, body) => {
  const root = mkdtempSync(join(tmpdir(), "saccade-docs-"));
  try {
    for (const folder of ["docs", "src", "src/ops"]) mkdirSync(join(root, folder));
    writeFileSync(join(root, "package.json"), JSON.stringify(settings));
    writeFileSync(join(root, "README.md"), "# A\n\n[The loss](src/loss.ts), `src/ops`, [more](docs/other.md).\n");
    writeFileSync(join(root, "docs/other.md"), "# B\n");
    writeFileSync(join(root, "src/loss.ts"), "");
    const found = docsPages(root);
    expect([...found.keys()].sort()).toEqual(["docs/README.html", "docs/docs.css", "docs/docs/other.html"]);
    expect(found.get("docs/README.html")).toContain(body);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("every link leads to a page or a heading, and nothing is loaded from elsewhere", () => {
  const broken: string[] = [];
  for (const [path, content] of pages) {
    const text = String(content);
    if (!path.endsWith(".html")) continue;
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
