import { readdirSync, readFileSync } from "node:fs";

/** Documents whose commands are run. */
export const documentsOf = (root: string): string[] => [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(`${root}docs`, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The commands of a document's blocks of code, without comments; a line that ends in a backslash goes on. */
export function commandsIn(path: string): string[] {
  const blocks = [...readFileSync(path, "utf8").matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)];
  return blocks
    .filter(([, language = ""]) => ["", "sh", "bash"].includes(language))
    .flatMap(([, , text = ""]) => text.replace(/\\\n\s*/g, " ").split("\n"))
    .map((line) => line.replace(/(^|\s+)#\s.*$/, "").trim())
    .filter((line) => /^(npm|npx|node|python3?|cd|vllm|git) /.test(line));
}

/** Commands of our own in a document's text, in backticks. */
export const inlineCommandsIn = (path: string): string[] =>
  [
    ...readFileSync(path, "utf8")
      .replace(/^```[\s\S]*?^```/gm, "")
      .matchAll(/`npm run saccade -- ([^`]+)`/g),
  ].map(([, words = ""]) => words);

/** The words of a command line; quotes hold blanks together. */
export const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:"([^"]*)"|'([^']*)'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ""));
