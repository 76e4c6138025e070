import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { messagesIn, messagesOf } from "./docs/messages.ts";
import { root, writtenDocuments } from "./docs/written.ts";

test.each(Object.entries(writtenDocuments()))("%s is what the code says", (path, text) => {
  expect(
    readFileSync(root + path, "utf8") === text,
    `${path} is older than the code: npm run docs writes it anew`,
  ).toBe(true);
});

test("messages are found wherever they are built", () => {
  const code = `
    throw new Error(\`Expected a \${kind} of
      wood, found \${n} of them\`);
    fail(new ServerFailure("no_text", isNew ? "The new server says nothing" : \`The old \${name} says nothing\` + rest));
    notices.push("Something was left out here");
    const platform = { gpuMissing: "There is no graphics card" };
    throw new Error(name);
    throw new TypeError(\`\${a}: \${b}\`);
    console.log("This one is no message at all");
  `;
  expect(messagesIn("any.ts", code)).toEqual([
    "Expected a … of wood, found … of them",
    "The new server says nothing",
    "The old … says nothing…",
    "Something was left out here",
    "There is no graphics card",
  ]);
});

test("sentences of the sources that are written in one piece are all in the list", () => {
  // Found by their words alone, without a parser.
  const messages = messagesOf(`${root}src/`);
  const known = new Set(messages.map(({ text }) => text));
  const plain = /throw new Error\(\s*"((?:[^"\\]|\\.)+)",?\s*\)/g;
  let seen = 0;
  for (const file of new Set(messages.map((message) => message.file)))
    for (const [, text = ""] of readFileSync(`${root}src/${file}`, "utf8").matchAll(plain)) {
      if (text.split(" ").length < 4) continue;
      seen++;
      expect([...known], file).toContain(text.replaceAll('\\"', '"'));
    }
  expect(seen).toBeGreaterThan(50);
});
