import { callAsDeepEyes } from "../../agent/environments/call_deepeyes.ts";
import { callsAsVerl } from "../../agent/environments/calls_verl.ts";
import { readTurn } from "../../agent/parse.ts";
import { argumentsFault } from "../../agent/tools/arguments.ts";
import { rotation } from "../../agent/tools/rotate.ts";
import { zoomAsVerl } from "../../agent/tools/zoom_verl.ts";
import { ServerConnection } from "../../connection/server_connection.ts";
import { logFormats } from "../../interop/logs/formats.ts";
import { loggedSteps } from "../../interop/logs/logged_steps.ts";
import { readVerlCommand } from "../../interop/verl/command.ts";
import { refusal } from "../../reward/guard/answer_guard.ts";
import { decideByRules, judgeByRules } from "../../reward/rules/rules.ts";
import { resolveConfig } from "../../train/config.ts";
import { readTrainerState } from "../../train/trainer_state.ts";
import { stepAsDeepEyes } from "../conformance/step_deepeyes.ts";
import { readHubPath } from "../network/hub_path.ts";
import { eventsOf } from "../run/log_reader.ts";
import { logUpTo } from "../run/run_log.ts";
import { readEventsFile } from "../web/browser/events_file.ts";
import { readUrl } from "../web/run/url_state.ts";
import type { FuzzedReader } from "./reader.ts";
import { type RulePair, rulePairs } from "./rule_pairs.ts";

/** A rule was sure of what is not so, or not sure of what is plain. */
class WrongVerdict extends Error {}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** No tokenizer: what a token says does not matter here. */
const tokenTexts = {
  decode: (ids: readonly number[]) => ids.join(" "),
  texts: (ids: readonly number[]) => ids.map(String),
};
const size = { width: 640, height: 480 };

async function writeLogs(text: string): Promise<void> {
  async function* steps() {
    async function* events() {
      yield* eventsOf(text.split("\n"), "events.jsonl");
    }
    yield* loggedSteps(events(), "run");
  }
  for (const { writer } of Object.values(logFormats)) {
    const files = writer.texts ? writer.write(steps(), tokenTexts) : writer.write(steps());
    for await (const _ of files);
  }
}

/** Of the run that a log is taken for. */
const config = resolveConfig({});

/** What a turn's text is as JSON; the text itself where it is none, which a call's arguments may be as well. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const textReaders: readonly FuzzedReader[] = [
  {
    name: "events",
    takes: (path) => /events[^/]*\.jsonl(\.gz)?$|recorded\/.*\.jsonl\.gz$/.test(path),
    calls: (bytes) => {
      const text = textOf(bytes);
      return [
        () => readEventsFile("events.jsonl", text),
        () => logUpTo(text, 1, { place: "here", config }),
        () => writeLogs(text),
      ];
    },
  },
  {
    name: "checkpoints",
    takes: () => false,
    seeds: ['{"format": 1, "step": 3, "optimizerStep": 3, "config": {"preset": "needle", "seed": 1, "steps": 20}}'],
    calls: (bytes) => [() => readTrainerState([{ name: "trainer_state.json", bytes }])],
  },
  {
    name: "model texts",
    takes: (path) => /cases\/(originals|deepeyes)\.jsonl$|faults\/(rule|judge_guard)\.jsonl$/.test(path),
    byLine: true,
    seeds: [
      '<think>where</think><tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [1, 2, 30, 40], "label": "x"}}\n</tool_call>',
      "<think>so</think><answer>4</answer>",
    ],
    calls: (bytes) => {
      const text = textOf(bytes);
      return [
        () => readTurn(text),
        () => callsAsVerl(text),
        () => callAsDeepEyes(text),
        () => stepAsDeepEyes(text, size),
        () => zoomAsVerl(text, size),
        () => argumentsFault(jsonIn(text), rotation.schema),
        () => judgeByRules(text, { question: "Which?", answer: text.slice(0, 20) } as never),
        () => refusal(text, "4"),
      ];
    },
  },
  {
    name: "rules",
    takes: () => false,
    make: (seed, index) => JSON.stringify([...rulePairs((seed * 1_000_003 + index) >>> 0, 1)][0]),
    calls: (bytes) => [
      () => {
        const { answer, gold, same, isPlain }: RulePair = JSON.parse(textOf(bytes));
        const verdict = decideByRules(answer, { question: "", answer: gold, source: "fuzz" });
        if (verdict ? verdict.right !== same : isPlain)
          throw new WrongVerdict(
            `"${answer}" for "${gold}": ${verdict ? `${verdict.right}, by ${verdict.rule}` : "none"}`,
          );
      },
    ],
  },
  {
    name: "judge replies",
    takes: (path) => /faults\/judge_reply\.jsonl$|faults\/judge-[^/]*\/.*\.json$/.test(path),
    byLine: true,
    seeds: [
      '{"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "{\\"verdict\\": 1}"}}]}',
    ],
    calls: (bytes) => [
      () =>
        new ServerConnection(
          { url: "http://127.0.0.1:9/v1", model: "m", retries: 0 },
          { fetch: async () => new Response(bytes, { headers: { "Content-Type": "application/json" } }) },
        ).complete({ messages: [{ role: "user", content: "x" }], temperature: 0, extra: {} }),
    ],
  },
  {
    name: "launch scripts",
    takes: (path) => /\.sh$|overrides\.yaml$/.test(path),
    seeds: [
      "set -x\nBATCH=64\npython3 -m verl.trainer.main_ppo \\\n  data.train_batch_size=$BATCH \\\n  +a.b=[1,2] $@\n",
    ],
    calls: (bytes) => [() => readVerlCommand(textOf(bytes))],
  },
  {
    name: "addresses",
    takes: () => false,
    seeds: [
      "?preset=needle&seed=3&steps=20&tab=step&run=a&rollout=3.0.1&judgeUrl=http://127.0.0.1:1/v1",
      "hf://datasets/owner/name@main/folder/file.parquet",
    ],
    calls: (bytes) => [() => readUrl(textOf(bytes)), () => readHubPath(textOf(bytes))],
  },
];
