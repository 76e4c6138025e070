import { expect, test } from "vitest";
import { commands } from "../../../src/app/deno/command_line/command_table.ts";
import { endCode, exitCodes, exitMeanings } from "../../../src/app/deno/command_line/exit_codes.ts";
import { commandHelp, generalHelp } from "../../../src/app/deno/command_line/help_text.ts";
import { type Output, openTerminal } from "../../../src/app/deno/command_line/terminal.ts";

test("the help of exit codes and the whole help of each command have every code with its meaning", () => {
  const names = Object.keys(commands) as (keyof typeof commands)[];
  for (const help of [generalHelp("exit-codes"), ...names.map((name) => commandHelp(name, "all"))]) {
    for (const name of Object.keys(exitCodes) as (keyof typeof exitCodes)[])
      expect(help).toMatch(new RegExp(`^  ${exitCodes[name]} +${exitMeanings[name].replace(/[|.()]/g, "\\$&")}$`, "m"));
  }
  expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
});

test("what stopped a command decides with what it ends, and a command that was done is done", () => {
  expect([null, "interrupted", "terminated", "hungUp", "unread"].map((stop) => endCode(130, stop as never))).toEqual([
    130, 130, 143, 129, 141,
  ]);
  expect([endCode(0, "terminated"), endCode(1, "interrupted")]).toEqual([0, 1]);
});

/** Takes some bytes at a time, and throws what it is given. */
function output(throws: (written: string) => Error | null, atOnce = 3) {
  let written = "";
  const into: Output = {
    isTerminal: () => false,
    writeSync: (bytes) => {
      const error = throws(written);
      if (error) throw error;
      written += new TextDecoder().decode(bytes.subarray(0, atOnce));
      return Math.min(atOnce, bytes.length);
    },
  };
  return { into, written: () => written };
}

test("whole lines are written, to a slow reader as well", () => {
  let refusals = 2;
  const { into, written } = output(() => (refusals-- > 0 ? new Deno.errors.WouldBlock() : null));
  openTerminal(
    () => expect.unreachable(),
    () => expect.unreachable(),
    into,
  ).print("one two three");
  expect(written()).toBe("one two three\n");
});

test("where the output is no longer read, that is reported once, and nothing is thrown", () => {
  const gone = Object.assign(new Error("Input/output error"), { code: "EIO" });
  for (const error of [new Deno.errors.BrokenPipe(), gone]) {
    const { into } = output((text) => (text.length >= 6 ? error : null));
    let unread = 0;
    const terminal = openTerminal(
      () => unread++,
      () => expect.unreachable(),
      into,
    );
    for (let i = 0; i < 3; i++) terminal.print("a line that is read in part");
    expect(unread).toBe(1);
  }
});

test("output that cannot be written is reported once", () => {
  const failed: string[] = [];
  const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  const terminal = openTerminal(
    () => expect.unreachable(),
    ({ message }) => failed.push(message),
    output(() => full).into,
  );
  terminal.print("a");
  terminal.print("b");
  expect(failed).toEqual(["No space left on device"]);
});
