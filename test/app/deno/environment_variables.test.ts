import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { environmentVariables } from "../../../src/app/deno/command_line/environment_variables.ts";
import { generalHelp } from "../../../src/app/deno/command_line/help_text.ts";

const source = decodeURIComponent(new URL("../../../src/", import.meta.url).pathname);

/** Names of variables that stand in the code of the command line: as a literal, or as a constant that is one. */
function namesRead(): Set<string> {
  const texts = readdirSync(source, { recursive: true })
    .map(String)
    .filter((path) => /\.ts$/.test(path) && !/^app.(library|serve|web)/.test(path))
    .map((path) => readFileSync(source + path, "utf8"));
  const constants = new Map(
    texts.flatMap((text) =>
      [...text.matchAll(/const (\w+) = "([A-Z_]+)"/g)].map(([, name = "", is = ""]) => [name, is]),
    ),
  );
  const reads = /(?:Deno\.env\.[gs]et|\benvironment)\((?:"(\w+)"|([a-z]\w+))/g;
  return new Set(
    texts
      .flatMap((text) => [...text.matchAll(reads)])
      .map(([, literal, constant]) => literal ?? constants.get(constant ?? ""))
      .filter((name) => name !== undefined),
  );
}

test("every variable of the environment that the code reads is in the help, and no other", () => {
  const documented = environmentVariables.map(([name]) => name);
  expect([...namesRead()].sort()).toEqual([...documented].sort());
  for (const name of documented) expect(generalHelp("environment")).toContain(`  ${name} `);
});
