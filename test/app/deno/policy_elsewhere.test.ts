import { afterEach, describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import type { CommandContext } from "../../../src/app/deno/command_line/command_context.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { decodePng } from "../../../src/image/png.ts";
import type { VisionConfig } from "../../../src/model/config.ts";
import { fromDataUrl } from "../../../src/tasks/rows/base64_picture.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { packRollouts } from "../../../src/train/pack_rollouts.ts";
import * as schema from "../../../src/train/rollout_schema.ts";
import {
  type Behaviour,
  type FakeJudge,
  type FakeJudgeOptions,
  openFakeJudge,
  type Question,
} from "../../support/fake_judge.ts";
import { completion } from "../../support/fake_policy.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function serve(options: FakeJudgeOptions): Promise<FakeJudge> {
  const fake = await openFakeJudge(options);
  open.push(fake);
  return fake;
}

async function run(line: string): Promise<{ code: number; lines: string[] }> {
  const parsed = parseArguments(line.split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const code = await runCommand(parsed, {
    terminal: { print: (text: string) => lines.push(text), progress: () => {} },
    openPlatform: (needsGpu: boolean) => {
      if (needsGpu) throw new Error("a model elsewhere needs no GPU here");
      return openDenoPlatform(false);
    },
    openSession: () => {
      throw new Error("a model elsewhere needs no weights here");
    },
    stopping: () => false,
    untilStopped: () => new Promise<void>(() => {}),
  } as unknown as CommandContext);
  return { code, lines };
}

/** What an agent of vLLM's is asked, as it came over the wire. */
interface Asked {
  model: string;
  messages: { role: string; content: string | { type: string; text?: string; image_url?: { url: string } }[] }[];
  [field: string]: unknown;
}
const asked = ({ body }: Question) => body as unknown as Asked;
const picturesIn = (question: Question): string[] =>
  asked(question).messages.flatMap(({ content }) =>
    typeof content === "string" ? [] : content.flatMap(({ image_url }) => image_url?.url ?? []),
  );
const isFirst = (question: Question) => asked(question).messages.every(({ role }) => role !== "assistant");

const zoomCall =
  '<tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [100, 100, 200, 200]}}\n</tool_call>';

/** Zooms once, then answers. */
const zoomsOnce =
  (call: Parameters<typeof completion>[0], more: Partial<Parameters<typeof completion>[0]> = {}) =>
  (question: Question): Behaviour =>
    isFirst(question)
      ? completion({ ...call, ...more })
      : completion({ content: "<think>a digit</think> <answer>7</answer>", prompt_tokens: 700, ...more });

async function rolled(fake: FakeJudge, more = ""): Promise<{ rollout: Rollout; lines: string[] }> {
  const { code, lines } = await run(
    `rollout --policy-url ${fake.url} --tasks 1 --rollouts-per-task 2 --log-json ${more}`.trim(),
  );
  expect(code).toBe(0);
  const { rollouts } = JSON.parse(lines[0]!) as { rollouts: Rollout[] };
  return { rollout: rollouts[0]!, lines };
}

describe("rollout --policy-url", () => {
  test("sends pictures as PNG files, carries the calls out here and sends the crop back", async () => {
    const fake = await serve({ behave: zoomsOnce({ content: `<think>small</think> ${zoomCall}` }) });
    const { rollout } = await rolled(fake);
    expect(fake.questions).toHaveLength(4);
    const [first, , second] = fake.questions;
    expect(asked(first!).messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(JSON.stringify(asked(first!).messages)).toContain("image_zoom_in_tool");
    expect(asked(first!)).toMatchObject({
      model: "fake",
      max_tokens: 2048,
      temperature: 1,
      top_p: 1,
      logprobs: true,
      top_logprobs: 5,
    });
    const [picture, crop] = picturesIn(second!);
    expect(picturesIn(first!)).toEqual([picture]);
    // A scene of 512 px is 504 to a model that sees squares of 28, and is read in these.
    expect(await decodePng(fromDataUrl(picture!, "the picture"))).toMatchObject({ width: 504, height: 504 });
    expect((await decodePng(fromDataUrl(crop!, "the crop"))).width).toBeGreaterThanOrEqual(28);
    expect(asked(second!).messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
    expect(asked(second!).seed).not.toBe(asked(first!).seed);

    expect(rollout).toMatchObject({
      end: "answer",
      answer: "7",
      elsewhere: { model: "fake" },
      calls: [{ name: "image_zoom_in_tool", outcome: "ok", boxWritten: [100, 100, 200, 200] }],
    });
    // As a square about its centre, in the source's own pixels.
    expect(rollout.calls[0]!.boxSourcePx).toEqual([101, 101, 203, 203]);
    expect(rollout.reward).not.toBeNull();
  });

  test("keeps what the server says, and leaves empty what it cannot", async () => {
    const fake = await serve({ behave: zoomsOnce({ content: zoomCall }) });
    const { rollout, lines } = await rolled(fake);
    const [prompt, turn, tool, last] = rollout.segments;
    expect(turn!.texts!.join("")).toBe(zoomCall);
    expect(turn!.logprobs).toHaveLength(turn!.tokens.length);
    expect(turn!.logprobs[0]).toBeCloseTo(Math.log(0.25));
    expect(turn!.alternatives![0]).toEqual([
      ["other", Math.log(0.5)],
      [turn!.texts![0], Math.log(0.25)],
    ]);
    // Entropies are never known; tokens of prompt and crop are counted by the server, and their text is kept.
    expect(rollout.segments.flatMap(({ entropies }) => entropies)).toEqual([]);
    expect(prompt!.tokenCount).toBe(400);
    expect(tool!.tokenCount).toBe(700 - 400 - turn!.tokenCount!);
    expect(last!.tokenCount).toBe(last!.tokens.length);
    expect(prompt!.texts!.join("")).toContain("<|vision_start|><|image_pad|><|vision_end|>");
    expect(lines.slice(1)).toEqual([
      expect.stringContaining("says no family of models: boxes are read as a qwen2_5_vl writes them"),
    ]);
    // A log with it can be read back.
    const logged = { ...rollout, step: 1 };
    expect(schema.rollout(JSON.parse(JSON.stringify(logged)), "rollout", () => {})).toEqual(logged);
  });

  test.each([
    [
      "qwen3_coder",
      {
        content:
          "<tool_call>\n<function=image_zoom_in_tool>\n<parameter=bbox_2d>\n[100, 100, 200, 200]\n</parameter>\n<parameter=label>\n5\n</parameter>\n</function>\n</tool_call>",
      },
      "",
    ],
    [
      "native calls",
      {
        content: null,
        written: zoomCall,
        tool_calls: [{ name: "image_zoom_in_tool", arguments: '{"bbox_2d": [100, 100, 200, 200], "label": "5"}' }],
      },
      "--policy-tools native",
    ],
  ])("reads %s", async (_, call, flags) => {
    const fake = await serve({ behave: zoomsOnce(call) });
    const { rollout } = await rolled(fake, flags);
    expect(rollout.calls).toMatchObject([{ outcome: "ok", boxWritten: [100, 100, 200, 200], label: "5" }]);
    expect(rollout).toMatchObject({ end: "answer", answer: "7" });
    if (flags === "") return;
    expect(asked(fake.questions[0]!)).toMatchObject({
      tools: [{ type: "function", function: { name: "image_zoom_in_tool" } }],
      tool_choice: "auto",
    });
    expect(JSON.stringify(asked(fake.questions[0]!).messages)).not.toContain("<tools>");
    // Messages of tools hold text alone: the crop follows in one of the user's.
    expect(asked(fake.questions[2]!).messages.slice(-3)).toMatchObject([
      { role: "assistant", tool_calls: [{ id: "chatcmpl-tool-1", function: { name: "image_zoom_in_tool" } }] },
      { role: "tool", tool_call_id: "chatcmpl-tool-1" },
      { role: "user", content: [{ type: "image_url" }] },
    ]);
  });

  test("a model of another family sees squares of 32 px and writes thousandths", async () => {
    const fake = await serve({
      behave: zoomsOnce({ content: zoomCall, model: "Qwen3-VL-8B" }, { model: "Qwen3-VL-8B" }),
      models: ["Qwen3-VL-8B"],
    });
    const { rollout, lines } = await rolled(fake);
    expect(await decodePng(fromDataUrl(picturesIn(fake.questions[0]!)[0]!, "picture"))).toMatchObject({ width: 512 });
    expect(rollout.calls[0]!.boxSourcePx).toEqual([51, 51, 102, 102]);
    expect(lines).toHaveLength(1);
  });

  test("a server that drops log-probabilities is noticed, and nothing is shown as 0", async () => {
    const fake = await serve({
      behave: zoomsOnce({ content: zoomCall }, { withoutLogprobs: true, prompt_tokens: null }),
    });
    const { rollout, lines } = await rolled(fake);
    expect(rollout.segments.map(({ logprobs }) => logprobs)).toEqual([[], [], [], []]);
    expect(rollout.segments.map(({ tokenCount }) => tokenCount)).toEqual([
      null,
      expect.any(Number),
      null,
      expect.any(Number),
    ]);
    expect(rollout.segments[1]!.texts!.join("")).toBe(zoomCall);
    expect(lines.slice(1).join("\n")).toContain(
      "gives no log-probabilities, though they are asked for: probabilities and tokens are shown as unknown",
    );
  });

  test("one that counts too few tokens may not see the pictures", async () => {
    const fake = await serve({ behave: () => completion({ content: "<answer>7</answer>", prompt_tokens: 20 }) });
    expect((await rolled(fake)).lines.slice(1).join("\n")).toContain(
      "counts 20 tokens in a prompt whose pictures take about 324: it may not see them",
    );
  });

  test("the key comes from the variable that is named, and goes nowhere else", async () => {
    Deno.env.set("TEST_POLICY_KEY", "sk-secret");
    const fake = await serve({ behave: () => completion({ content: "<answer>7</answer>" }), key: "sk-secret" });
    const { lines } = await rolled(fake, "--policy-key-env TEST_POLICY_KEY");
    expect(lines.join("\n")).not.toContain("sk-secret");
    Deno.env.delete("TEST_POLICY_KEY");
    await expect(run(`rollout --policy-url ${fake.url} --policy-key-env TEST_POLICY_KEY`)).rejects.toThrow(
      "Expected a key in the environment variable TEST_POLICY_KEY, found none",
    );
  });

  test("nothing can be trained on what it wrote", async () => {
    const fake = await serve({ behave: () => completion({ content: "<answer>7</answer>" }) });
    const { rollout } = await rolled(fake);
    const batch = { rollouts: [[rollout]], promptImages: [[]], toolImages: [[[]]] };
    expect(() => packRollouts(batch, resolveConfig({}), {} as VisionConfig)).toThrow(
      "was written elsewhere, by fake: its tokens and probabilities are not those of a model here, so it cannot be trained on",
    );
  });
});

test("eval gives a table of what is known, without entropies", async () => {
  const fake = await serve({ behave: zoomsOnce({ content: zoomCall }) });
  const { code, lines } = await run(`eval --policy-url ${fake.url} --tasks 3`);
  expect(code).toBe(0);
  expect(lines[0]).toBe(`fake on a server at ${fake.url}; tools are carried out here`);
  expect(lines.join("\n")).toMatch(/Zoom rate +1\.000 +1\.000/);
  expect(lines.join("\n")).toMatch(/Response length +\d/);
  expect(lines.join("\n")).not.toContain("Entropy");
  expect(fake.mostOpen).toBeGreaterThan(1);
  expect(fake.questions.some(({ body }) => body.temperature === 0)).toBe(true);
});

test("benchmark asks it under every control", async () => {
  const fake = await serve({ behave: zoomsOnce({ content: zoomCall }) });
  const { code, lines } = await run(`benchmark needle --policy-url ${fake.url} --limit 2 --control no-tool`);
  expect(code).toBe(0);
  expect(lines.join("\n")).toContain("# Needle: fake, on a server");
  expect(lines.join("\n")).toContain(`--policy-url ${fake.url}`);
  // Without the tool it is not described, and the call is none.
  expect(JSON.stringify(asked(fake.questions[0]!).messages)).not.toContain("image_zoom_in_tool");
});

describe("one sentence for a server that cannot be used", () => {
  const refuses = (status: number, message: string): FakeJudgeOptions => ({
    behave: () => ({ kind: "status", status, text: JSON.stringify({ error: { message } }) }),
  });
  test.each<[string, FakeJudgeOptions, string, RegExp]>([
    [
      "401",
      { behave: () => completion({}), key: "right" },
      "",
      /refuses the key \(401\).*; give the key of this server \(on the command line --policy-key-env/,
    ],
    [
      "413",
      refuses(413, "Request Entity Too Large"),
      "",
      /\(413\).*the pictures are larger than it takes: lower maxPixels, or raise the limit/,
    ],
    [
      "no pictures, vLLM",
      refuses(400, "At most 0 image(s) may be provided in one request."),
      "",
      /takes no pictures: serve a vision-language model/,
    ],
    [
      "no pictures, llama.cpp",
      refuses(500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
      "",
      /takes no pictures: serve a vision-language model \(llama\.cpp: with its --mmproj\)/,
    ],
    [
      "no tools",
      refuses(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
      "--policy-tools native",
      /takes no list of tools as it runs: start vLLM with --enable-auto-tool-choice/,
    ],
    [
      "another model in its list",
      { behave: () => completion({}), models: ["b", "c"] },
      "--policy-model a",
      /has no model "a"; it has b, c: name one of these, or none for the first/,
    ],
    [
      "another model in its replies",
      { behave: () => completion({ content: "<answer>7</answer>", model: "b" }), models: ["a"] },
      "--policy-model a",
      /was asked for "a" and answers as "b"; name the model that it serves/,
    ],
    ["no model", { behave: () => completion({}), models: [] }, "", /names no model; name one yourself/],
  ])(
    "%s",
    async (name, options, flags, sentence) => {
      const fake = await serve(options);
      const failed = await run(`rollout --policy-url ${fake.url} --tasks 1 --rollouts-per-task 2 ${flags}`.trim()).then(
        () => null,
        (error: Error) => error.message,
      );
      expect(failed).toMatch(sentence);
      expect(failed).not.toMatch(/\n|judge/);
      if (/pictures|no tools|401/.test(name)) expect(fake.questions.length).toBeLessThanOrEqual(2);
    },
    40_000,
  );

  test("a failure of one conversation ends its rollout alone", async () => {
    const fake = await serve({
      behave: (question) =>
        question.index === 1
          ? { kind: "status", status: 413, text: "too large" }
          : completion({ content: "<answer>7</answer>" }),
    });
    const { code, lines } = await run(`rollout --policy-url ${fake.url} --tasks 1 --rollouts-per-task 3`);
    expect(code).toBe(0);
    expect(lines.filter((line) => line.includes("ended by answer"))).toHaveLength(2);
    expect(lines.filter((line) => line.includes("ended by error (The policy at"))).toHaveLength(1);
  });

  test.each([
    ["rollout --policy-model a", "--policy-model belongs to a server; add --policy-url"],
    ["eval --policy-url http://127.0.0.1:1/v1 --from runs/x", "leave one of them out"],
    ["eval --policy-url http://127.0.0.1:1/v1 --causal", "needs the probabilities of a model's weights"],
    ["rollout --policy-url http://127.0.0.1:1/v1 --model needle", "name the server's model with --policy-model"],
    ["rollout --onnx-dtype q4", "--onnx-dtype belongs to graphs; add --policy-onnx"],
    ["rollout --policy-onnx x --policy-url http://127.0.0.1:1/v1", "leave one of them out"],
    ["eval --policy-onnx x --from runs/x", "--policy-onnx a model as graphs; leave one of them out"],
    ["eval --policy-onnx x --causal", "which graphs do not give"],
    ["rollout --policy-onnx x --model needle", "with --policy-onnx, which names a folder of graphs"],
    ["rollout --policy-onnx x --onnx-dtype q3", "Expected a dtype of graphs"],
    ["rollout --policy-onnx ./nowhere --onnx-device cpu", "Expected a model in ./nowhere, found no config.json there"],
    ["train --policy-onnx x", "saccade train trains no ONNX graphs"],
    ["rollout --policy-url ftp://x", "The address of a policy begins with http:// or https://"],
    ["benchmark needle --policy-url nowhere", "Expected the address of a policy"],
  ])("%s", async (line, sentence) => {
    await expect(run(line)).rejects.toThrow(sentence);
  });
});

test("the commands of docs/elsewhere.md are taken", async () => {
  const text = await Deno.readTextFile(new URL("../../../docs/elsewhere.md", import.meta.url));
  const lines = text.split("\n").filter((line) => line.startsWith("npm run saccade -- "));
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(parseArguments(line.split(" ").slice(4)).help).toBe(false);
});
