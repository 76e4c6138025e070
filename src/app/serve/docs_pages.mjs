/**
 * The documents of this repository as pages beside the built page: whoever has the page has them as well, without a
 * network. `docs/README.md` becomes `docs/docs/README.html`. Links to documents lead to pages, those to sources into the
 * repository that package.json names; where it names none, the path is said instead.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { Marked } from "marked";

/** In the order of the list beside each page; those in docs/ come after the first. */
const first = ["README.md"];
const last = ["src/README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** As servers of repositories make them, so that links to headings lead there. */
const anchor = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

const pageOf = (path) => `docs/${path.replace(/\.md$/, "")}.html`;

/**
 * All of them, by their paths beside the page.
 * @param {string} root of the repository
 * @returns {Map<string, string | Uint8Array>}
 */
export function docsPages(root) {
  const inDocs = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`);
  const documents = [...first, ...inDocs, ...last].filter((path) => existsSync(join(root, path)));
  const titles = new Map(documents.map((path) => [path, titleOf(readFileSync(join(root, path), "utf8"), path)]));
  const repository = repositoryOf(root);
  const pages = new Map([["docs/docs.css", style]]);
  const waiting = [...documents];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (pages.has(pageOf(path))) continue;
    const { body, links, pictures } = rendered({ root, path, repository });
    pages.set(pageOf(path), whole({ path, titles, body }));
    for (const picture of pictures) pages.set(`docs/${picture}`, readFileSync(join(root, picture)));
    waiting.push(...links);
  }
  return pages;
}

const titleOf = (text, path) => /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? path;

/**
 * The address of the repository that package.json names, null where it names none that can be visited.
 * @param {string} root
 */
function repositoryOf(root) {
  const { repository = "" } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const address = (typeof repository === "string" ? repository : (repository.url ?? ""))
    .replace(/^git\+/, "")
    .replace(/\.git$/, "");
  return /^https:\/\/[\w.-]+\/\S+$/.test(address) ? address : null;
}

/** What stands on the page of a document, which others it links to, and its pictures. */
function rendered({ root, path, repository }) {
  const text = readFileSync(join(root, path), "utf8");
  const links = [];
  const pictures = [];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const inner = this.parser.parseInline(tokens);
        return `<h${depth} id="${escaped(anchor(inner.replace(/<[^>]+>/g, "")))}">${inner}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        // An example's server on this machine is no place to go to.
        if (href.startsWith("http://127.0.0.1")) return `<code>${inner}</code>`;
        if (/^(https?:|#)/.test(href)) return `<a href="${escaped(href)}" rel="noreferrer">${inner}</a>`;
        const [file, place] = href.split("#");
        const target = posix.normalize(posix.join(posix.dirname(path), file)).replace(/\/$/, "");
        // What is not there, or lies outside, stays a word.
        if (target.startsWith("..") || !existsSync(join(root, target))) return inner;
        if (!target.endsWith(".md")) {
          const shown = inSources(root, repository, target, inner);
          return shown === inner && !inner.includes(target) ? `${inner} (<code>${escaped(target)}</code>)` : shown;
        }
        links.push(target);
        return `<a href="${escaped(hrefOf(path, target) + (place ? `#${place}` : ""))}">${inner}</a>`;
      },
      // Names of files and folders lead there: the map of the sources is made of them.
      codespan({ text: name }) {
        const shown = `<code>${escaped(name)}</code>`;
        const target = /^[\w./-]*[/.][\w./-]*$/.test(name) && sourceNamed(root, path, name);
        if (!target) return shown;
        if (!target.endsWith(".md")) return inSources(root, repository, target, shown);
        links.push(target);
        return `<a href="${escaped(hrefOf(path, target))}">${shown}</a>`;
      },
      image({ href, text: alt }) {
        const target = posix.normalize(posix.join(posix.dirname(path), href));
        if (/^\w+:/.test(href) || target.startsWith("..") || !existsSync(join(root, target))) return escaped(alt);
        pictures.push(target);
        const from = posix.relative(posix.dirname(pageOf(path)), `docs/${target}`);
        return `<img src="${escaped(from)}" alt="${escaped(alt)}">`;
      },
      table(token) {
        const cell = (one, tag, more = "") => `<${tag}${more}>${this.parser.parseInline(one.tokens)}</${tag}>`;
        const head = token.header.map((one) => cell(one, "th", ' scope="col"')).join("");
        const rows = token.rows.map((row) => `<tr>${row.map((one) => cell(one, "td")).join("")}</tr>`).join("");
        return `<div class="table" tabindex="0" role="region" aria-label="table"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
      },
      code({ text: source }) {
        return `<pre tabindex="0"><code>${escaped(source)}</code></pre>`;
      },
    },
  });
  return { body: marked.parse(text), links, pictures };
}

/** A file or folder that a document names: from its own folder, the root, or the sources. */
function sourceNamed(root, path, name) {
  return [posix.dirname(path), ".", "src"]
    .map((folder) => posix.normalize(posix.join(folder, name)).replace(/\/$/, ""))
    .find((target) => /^(src|shaders|examples|docs)\/./.test(target) && existsSync(join(root, target)));
}

/** A link to a source file or folder, where there is a repository to visit. */
function inSources(root, repository, target, inner) {
  if (repository === null) return inner;
  const kind = statSync(join(root, target)).isDirectory() ? "tree" : "blob";
  return `<a href="${escaped(`${repository}/${kind}/HEAD/${target}`)}" rel="noreferrer">${inner}</a>`;
}

/** From one page to another. */
const hrefOf = (from, to) => posix.relative(posix.dirname(pageOf(from)), pageOf(to));

function whole({ path, titles, body }) {
  const depth = pageOf(path).split("/").length - 1;
  const up = "../".repeat(depth);
  const list = [...titles].map(([other, title]) => {
    const here = other === path ? ' aria-current="page"' : "";
    return `<li><a href="${escaped(hrefOf(path, other))}"${here}>${escaped(title)}</a></li>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'">
<link rel="icon" href="${up}icons/saccade.svg" type="image/svg+xml">
<link rel="stylesheet" href="${up}docs/docs.css">
<title>${escaped(titles.get(path) ?? path)} · Saccade</title>
</head>
<body>
<nav aria-label="Documents"><p><a href="${up}index.html">← Saccade</a></p><ul>${list.join("")}</ul></nav>
<main>
${body}
</main>
</body>
</html>
`;
}

const style = `:root { color-scheme: light dark; --line: light-dark(#e3e0d8, #2d3236); --soft: light-dark(#5c6166, #a9aeb3); --sunk: light-dark(#f3f1ec, #101214); --link: light-dark(#0b63ce, #7db7ff); }
body { display: grid; grid-template-columns: 220px minmax(0, 78ch); gap: 12px 40px; margin: 0; padding: 20px 24px 60px; background: light-dark(#fbfaf7, #131517); color: light-dark(#1b1d1f, #eceae5); font: 15px / 1.55 system-ui, sans-serif; }
nav { font-size: 14px; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { margin: 6px 0; }
nav [aria-current] { color: inherit; font-weight: 600; text-decoration: none; }
a { color: var(--link); overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
h1 { margin-top: 0; font-size: 26px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin-top: 1.8em; font-size: 19px; }
code, pre { font: 13px / 1.5 ui-monospace, Menlo, Consolas, monospace; }
pre { padding: 10px 12px; border-radius: 6px; background: var(--sunk); overflow: auto; }
.table { overflow: auto; }
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); }
img { max-width: 100%; }
@media (max-width: 800px) { body { grid-template-columns: minmax(0, 1fr); padding: 14px 14px 40px; } nav ul { display: flex; flex-wrap: wrap; gap: 0 16px; } }
`;
