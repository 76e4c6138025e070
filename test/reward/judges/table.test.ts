import { expect, test } from "vitest";
import { defineJudge, type JudgeDefinition } from "../../../src/reward/judges/judge.ts";
import { openJudge } from "../../../src/reward/judges/remote_judge.ts";
import { judgeNamed, judges } from "../../../src/reward/judges/table.ts";
import type { ChoiceKnob } from "../../../src/train/knob_kinds.ts";
import { knobs } from "../../../src/train/knobs.ts";

test("the knob offers the judges of the table, rules first", () => {
  expect((knobs.judge as ChoiceKnob).choices).toEqual(judges.map(({ name }) => name));
  expect(knobs.judge.default).toBe("rules");
  for (const { name, label, help, source } of judges)
    expect([name, [label, help, source].every((text) => text.length > 4)]).toEqual([name, true]);
});

test("DeepEyes' judge asks by the kind of the row's data", () => {
  const asks = judgeNamed("deepeyes").asks;
  const temperatures = ["vstar", "geoguessr", "xince"].map(
    (dataSource) => asks?.(dataSource).request("a", { question: "q", goldAnswer: "g" }).temperature,
  );
  expect(temperatures).toEqual([0.3, 0.5, 0]);
});

test.each<[string, Partial<JudgeDefinition>, string]>([
  ["a name with blanks", { name: "my judge" }, 'found "my judge"'],
  ["an original that does not say how it asks", { way: "original" }, "Expected asks() of the judge mine"],
  ["rules that ask", { way: "rules", asks: judgeNamed("verl").asks }, "Expected asks() of the judge mine"],
])("what cannot be a judge is refused: %s", (_, changes, sentence) => {
  const definition = {
    name: "mine",
    label: "mine",
    help: "a test",
    source: "here",
    way: "guarded",
    reads: "answer",
  } as const;
  expect(() => defineJudge({ ...definition, ...changes } as JudgeDefinition)).toThrow(sentence);
});

test("a judge that there is not, and rules at a server, are one sentence", () => {
  expect(() => judgeNamed("nobody")).toThrow("Expected a judge of rules, hardened, verl, deepeyes");
  expect(() => openJudge({ url: "http://127.0.0.1:9/v1", judge: "rules" })).toThrow(
    "Expected a judge that asks a model, found rules",
  );
});
