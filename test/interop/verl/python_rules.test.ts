import { expect, test } from "vitest";
import { parseTurn, readTurn } from "../../../src/agent/parse.ts";
import type { ToolContext } from "../../../src/agent/tools/tool.ts";
import { boxAsDeepEyes } from "../../../src/agent/tools/zoom_deepeyes.ts";
import { zoomAsSaccade } from "../../../src/agent/tools/zoom_saccade.ts";
import { zoomAsVerl } from "../../../src/agent/tools/zoom_verl.ts";
import { smartResize } from "../../../src/image/smart_resize.ts";
import { loadJson } from "../../../src/policy/python_json.ts";
import { dataKindAsDeepEyes } from "../../../src/reward/responses/deepeyes.ts";
import { partsAsDeepEyes } from "../../../src/reward/rewards/deepeyes.ts";
import { sumOfDeepEyes } from "../../../src/reward/rewards/deepeyes_formula.ts";
import { partsAsVerl } from "../../../src/reward/rewards/verl.ts";
import { decideByRules } from "../../../src/reward/rules/rules.ts";
import { Random } from "../../../src/tasks/random.ts";
import { worldNames } from "../../../src/tasks/worlds/table.ts";

const folder = new URL("../../../src/interop/verl/python/", import.meta.url).pathname;

/** What the exported files answer to each case; they need Python 3.10 and nothing else. */
const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from saccade_verl.rules.decide import decide_by_rules
from saccade_verl.turns import parse_turn, read_turn
from saccade_verl.rewards import score
from saccade_verl.pictures import smart_resize
from saccade_verl.zoom import _execute_verl, box_as_deepeyes, Result
import saccade_verl.zoom as zooming
from saccade_verl.rules.decide import WORLDS
zooming.cut_out = lambda picture, box, crop: None
class View:
    def __init__(self, width, height):
        self.width, self.height, self.size = width, height, (width, height)
def saccade_box(text, sizes):
    settings = {"environment": "saccade", "frame": "relative-1000", "min_side_px": 32, "crop": "source", "view": {}}
    found = zooming.zoom(json.loads(text), zooming.Context([View(*size) for size in sizes], settings))
    return found.text if found.outcome != "ok" else [found.record["box_source_px"], found.record["image_index"], found.caption]
def rule(a, g, q, source="x"):
    v = decide_by_rules(a, g, q, source)
    return None if v is None else list(v)
def verl_box(text, w, h):
    try:
        found = _execute_verl(json.loads(text), w, h)
    except Exception as error:
        return f"Error when executing tool: {error}"
    return found.text if isinstance(found, Result) else [list(found[0]), found[1]]
def deepeyes_box(text, w, h):
    try:
        return list(box_as_deepeyes(json.loads(text), (w, h)))
    except Exception as error:
        return f"'{error.args[0]}'" if isinstance(error, KeyError) else str(error)
def paid(name, text, source, right):
    seen = {"text": text, "whole": text, "data_source": source, "end": "answer", "answer": "x", "calls": []}
    return score(name, seen, right, {})[0]
kinds = {"rule": rule, "parse": lambda t: list(parse_turn(t)), "read": lambda t: list(read_turn(t)), "resize": lambda h, w, f, a, b: list(smart_resize(h, w, f, a, b)), "verl": verl_box, "deepeyes": deepeyes_box, "saccade": saccade_box, "worlds": lambda: list(WORLDS), "paid": paid}
for line in open(sys.argv[2], encoding="utf-8"):
    kind, *given = json.loads(line)
    print(json.dumps(kinds[kind](*given)))
`;

const python = await new Deno.Command("python3", {
  args: ["-c", "import sys; print(sys.version_info >= (3, 10))"],
  stdout: "piped",
  stderr: "piped",
})
  .output()
  .then(
    ({ stdout }) => (new TextDecoder().decode(stdout).trim() === "True" ? null : "python3 is older than 3.10"),
    () => "there is no python3 here",
  );

type Case = [kind: string, ...given: unknown[]];

async function answersOf(cases: readonly Case[]): Promise<unknown[]> {
  const temporary = await Deno.makeTempDir();
  try {
    const file = `${temporary}/cases.jsonl`;
    await Deno.writeTextFile(file, cases.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const { stdout, stderr, code } = await new Deno.Command("python3", {
      args: ["-B", "-c", program, folder, file],
      stdout: "piped",
      stderr: "piped",
    }).output();
    expect(code, new TextDecoder().decode(stderr)).toBe(0);
    return new TextDecoder()
      .decode(stdout)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

const read = (path: string): Promise<string> => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** Answers, gold answers and questions as tests of the rules have them, each beside another of them. */
async function ruleCases(count: number): Promise<Case[]> {
  const sources = await Promise.all(
    ["rules", "rule_pairs", "rule_faults"].map((name) => read(`reward/rules/${name}.test.ts`)),
  );
  const texts = [
    ...new Set(
      [...sources.join("\n").matchAll(/"(?:[^"\\\n]|\\.)*"/g)].flatMap(([text]) => {
        try {
          return [JSON.parse(text) as string];
        } catch {
          return [];
        }
      }),
    ),
  ];
  const questions = ["", ...texts.filter((text) => text.includes("?"))];
  const random = new Random(1, [99]);
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const at = random.below(texts.length);
    const near = texts[Math.min(texts.length - 1, Math.max(0, at + random.below(7) - 3))]!;
    return ["rule", texts[at]!, i % 2 ? near : one(texts), one(questions)];
  });
}

test.skipIf(python !== null)(
  `rules, turns, boxes and rewards in Python are ours${python ? ` (left out: ${python})` : ""}`,
  async () => {
    const rules = await ruleCases(1500);
    const turns = [
      "<answer>7</answer><|im_end|>",
      "<answer></answer><|im_end|>",
      '<tool_call>\n{"name": "a"}\n</tool_call><|im_end|>',
      '<tool_call>\n{"name": "a"}\n</tool_call> and <answer>7</answer><|im_end|>',
      "<think>a</think> so it is <b>blue</b> <|im_end|>",
      "<answer> </answer><answer>x\ny</answer><answer> </answer><|endoftext|>",
      "<tool_call>{",
      "",
    ];
    const boxes = [
      "[10,20,200,300]",
      "[10.5,20.25,30.5,40]",
      "[30,20,10,5]",
      "[-5,-5,9999,9999]",
      "[0,100,640,101]",
      '"0099"',
      "[1,2,3]",
      "[1,2,3,4,5]",
      "null",
      '[1,2,"x",4]',
      "7",
      '{"a":1,"b":2,"c":3,"d":4}',
      "[NaN,0,50,50]",
      "[1e400,0,50,50]",
    ];
    const given = boxes.map((box) => `{"bbox_2d": ${box}, "label": "ü"}`).concat(["[]", "{}", "null", '"text"']);
    const responses = [
      "<think>a</think><answer>b</answer>",
      "<answer>b",
      "plain",
      "<tool_call>x</tool_call><think>a</think><answer>b</answer>",
      "<|vision_start|><|image_pad|><|image_pad|><|vision_end|></think>",
      "<think></think>\\boxed{4}",
      `<answer>${"x".repeat(1000)}</answer>`,
    ];
    const sizes = [
      [480, 640],
      [10, 10],
      [20, 300],
      [4000, 3000],
      [1, 200],
    ];
    // A scene, what a first zoom showed of it, and a zoom into that.
    const views = [
      [2048, 2048],
      [615, 615],
      [41, 41],
    ];
    const indexes = ["0", "1", "2", "3", "-1", "1.5", '"1"', "null", "true"];
    const cases: Case[] = [
      ["worlds"],
      ["rule", "blue red", "red blue", "What are the colours from left to right?", "order"],
      ["rule", "seven", "7", "What digit is on the red square?", "hunt"],
      ...indexes.flatMap((index): Case[] =>
        ["[120, 340, 350, 500]", "[0, 0, 1000, 1000]", "[990, 990, 1000, 999]", "[5, 5, 5, 9]", "[1, 2, 3, 1001]"].map(
          (box): Case => ["saccade", `{"image_index": ${index}, "label": "the disc", "bbox_2d": ${box}}`, views],
        ),
      ),
      ...rules,
      ...turns.flatMap((turn): Case[] => [
        ["parse", turn],
        ["read", turn],
      ]),
      ...given.flatMap((text): Case[] => [
        ["verl", text, 640, 480],
        ["deepeyes", text, 640, 480],
      ]),
      ...responses.flatMap((text): Case[] =>
        [true, false].flatMap((right): Case[] => [
          ["paid", "verl", text, "vstar", right],
          ["paid", "deepeyes", text, "vstar", right],
          ["paid", "deepeyes", text, "thinklite_eureka", right],
          ["paid", "deepeyes", text, "geoguessr", right],
        ]),
      ),
      ...sizes.map(([h, w]): Case => ["resize", h, w, 28, 3136, 1_000_000]),
    ];
    const answers = await answersOf(cases);
    const differing = cases.flatMap((one, i) => {
      const [ours, theirs] = [JSON.stringify(ownAnswer(one)), JSON.stringify(answers[i])];
      return ours === theirs ? [] : [`${JSON.stringify(one)}: ${theirs} in Python, ${ours} here`];
    });
    expect(differing.slice(0, 5)).toEqual([]);
    // Most pairs of texts are decided: the comparison is of something.
    expect(answers.filter((verdict, i) => cases[i]![0] === "rule" && verdict !== null).length).toBeGreaterThan(400);
  },
  60_000,
);

function ownAnswer([kind, ...given]: Case): unknown {
  const [text, second, third, fourth] = given as [string, never, never, never];
  switch (kind) {
    case "rule": {
      const verdict = decideByRules(text, { answer: second, question: third, source: fourth ?? "x" });
      return verdict && [verdict.right, verdict.rule];
    }
    case "worlds":
      return worldNames;
    case "saccade": {
      const views = (second as [number, number][]).map(([width, height]) => ({ original: { width, height } }));
      const reply = zoomAsSaccade(JSON.parse(text), {
        views,
        frame: "relative-1000",
        minSidePx: 32,
      } as unknown as ToolContext);
      return reply.caption === undefined
        ? reply.text
        : [reply.record!.boxSourcePx, reply.record!.imageIndex, reply.caption];
    }
    case "parse":
    case "read": {
      const turn = (kind === "parse" ? parseTurn : readTurn)(text);
      return [turn.kind, turn.kind === "call" ? turn.json : turn.answer];
    }
    case "verl": {
      const reply = zoomAsVerl(text, { width: second, height: third });
      return reply.ok ? [reply.cropShownPx, reply.text] : reply.text;
    }
    case "deepeyes":
      try {
        return boxAsDeepEyes(loadJson(text), { width: second, height: third });
      } catch (error) {
        return (error as Error).message;
      }
    case "paid": {
      const [name, response, source, right] = [text, second as string, third as string, fourth as boolean];
      const parts =
        name === "verl" ? partsAsVerl(response, right) : partsAsDeepEyes(dataKindAsDeepEyes(source), response, right);
      return sumOfDeepEyes(parts);
    }
    default: {
      const [height, width, factor, minPixels, maxPixels] = given as number[];
      const found = smartResize(height!, width!, { factor: factor!, minPixels: minPixels!, maxPixels: maxPixels! });
      return [found.heightPx, found.widthPx];
    }
  }
}
