import { describe, expect, test } from "vitest";
import { hydraText } from "../../../src/interop/verl/hydra_value.ts";
import { readOverrides } from "../../../src/interop/verl/overrides.ts";
import { readVerlText } from "../../../src/interop/verl/script.ts";
import { bashScripts } from "../../support/bash_scripts.ts";
import { randomScript } from "../../support/random_script.ts";
import { hasBash, runBash } from "../../support/run_bash.ts";

const bare = (name: string): string => name.replace(/^(\+\+?|~)/, "");

/** The settings that bash hands to verl, the last of a name; null where it starts nothing. */
function passed(commands: readonly string[][]): Map<string, string> | null {
  const words = commands.find((command) => command.some((word) => /main_|_main/.test(word)));
  if (!words) return null;
  const start = words.findIndex((word) => /main_|_main/.test(word) && !word.includes("="));
  const settings = words.slice(start + 1).filter((word) => word.includes("=") && !word.startsWith("~"));
  return new Map(settings.map((word) => [bare(word.slice(0, word.indexOf("="))), word.slice(word.indexOf("=") + 1)]));
}

/** Reads a script and holds it to what bash does. Returns whether everything was understood. */
function compare(text: string, input = text, commands = runBash(text).commands): boolean {
  const bash = passed(commands);
  let read: ReturnType<typeof readOverrides>;
  try {
    const { words } = readVerlText(input);
    read = readOverrides(words);
  } catch (error) {
    expect((error as Error).message).toMatch(/^(not understood: |Expected a command)/);
    return false;
  }
  const doubtful = read.notCertain.map(({ name }) => bare(name));
  // Whether it is executed at all is somebody's decision, or an error of the script.
  if (bash === null) return false;
  for (const [name, value] of read.given)
    expect(hydraText(bash.get(name) ?? "is not passed"), `${name}\n${text}`).toBe(value);
  for (const [name, value] of bash) {
    const isSaid =
      read.given.has(name) ||
      read.isOpen ||
      doubtful.includes(name) ||
      read.refused.some((line) => line.includes(name));
    expect(isSaid, `${name}=${value} is passed and not said\n${text}`).toBe(true);
  }
  return doubtful.length === 0 && !read.isOpen;
}

describe.skipIf(!hasBash)("a script gives what bash passes, or says that it is not understood", () => {
  test.each(bashScripts)("$name", ({ text, certain }) => {
    const understood = compare(text);
    if (certain !== null) expect(understood, text).toBe(certain);
  });

  test.each(
    bashScripts.filter(
      ({ name }) =>
        !/trick|windows|hydra|mapped|program|eval|function|bash -c|two|loop|set options|command in a sub/.test(name),
    ),
  )("what bash -x prints of it: $name", ({ text }) => {
    const { trace, commands } = runBash(text);
    if (passed(commands) === null) return;
    compare(text, trace, commands);
    const { words } = readVerlText(trace);
    expect(words.every(({ unknown }) => unknown === null)).toBe(true);
  });

  test("scripts at random", () => {
    const [first, count] = [1, 80];
    let understood = 0;
    for (let seed = first; seed < first + count; seed++) if (compare(randomScript(seed))) understood++;
    // As many as can be certain: the generator makes about half of them without branches over what is used.
    expect(understood).toBeGreaterThan(12);
  });
});
