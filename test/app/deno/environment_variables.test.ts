import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { environmentVariables } from "../../../src/app/deno/command_line/environment_variables.ts";
import { generalHelp } from "../../../src/app/deno/command_line/help_text.ts";

const source = decodeURIComponent(new URL("../../../src/", import.meta.url).pathname);

/** Names of variables that stand in the code of the command line: as a literal, or as a constant that is one. */
function namesRead(): Set<string> {
  const found = new Set<string>();
  for (const path of readdirSync(source, { recursive: true }).map(String)) {
    if (!/\.ts$/.test(path) || /^app.(library|serve|web)/.test(path)) continue;
    const text = readFileSync(source + path, "utf8");
    for (const [, , literal, constant] of text.matchAll(/(Deno\.env\.[gs]et|\benvironment)\((?:"(\w+)"|([a-z]\w+))/g)) {
      const name = literal ?? new RegExp(`const ${constant} = "([A-Z_]+)"`).exec(text)?.[1];
      if (name !== undefined) found.add(name);
    }
  }
  return found;
}

test("every variable of the environment that the code reads is in the help, and no other", () => {
  const documented = environmentVariables.map(([name]) => name);
  expect([...namesRead()].sort()).toEqual([...documented].sort());
  for (const name of documented) expect(generalHelp("environment")).toContain(`  ${name} `);
});
