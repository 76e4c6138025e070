import type { NamedBytes } from "../../platform.ts";
import { beginningOf, differences } from "../../train/config.ts";
import type { Metrics } from "../../train/events.ts";
import { knobs, type RunConfig } from "../../train/knobs.ts";
import { isOwnCode } from "../../train/own_code.ts";
import { pathsIn } from "../data/data_paths.ts";
import { shippedModels } from "../model_folder/shipped_models.ts";
import { hubPath, readHubPath } from "../network/hub_path.ts";
import { trainCommandText } from "../run/command_text.ts";
import type { CurveEvent } from "../run/curve_events.ts";
import { placesIn } from "../run_file/travellers.ts";
import { withUnseen } from "../text/unseen.ts";
import { type CardLine, curveSvg } from "./card_curve.ts";
import type { Licence } from "./licence.ts";

/** What a card is written from. */
export interface CardFacts {
  run: string;
  /** After which the weights are. */
  step: number;
  config: RunConfig;
  /** Of the run, in order; none where its log is not there. */
  events: readonly CurveEvent[];
  isAdapter: boolean;
  licence: Licence;
  /** What is said of the graphs where the weights are exported as such. */
  onnx?: string;
}

/** README.md as the Hub shows it, and the picture of the curve in it. Nothing in it says where files lie on a machine. */
export function modelCard(facts: CardFacts): NamedBytes[] {
  const { step, events } = facts;
  const config = withoutPlaces(facts.config);
  const updates = events.filter((event) => event.type === "update").filter((event) => event.step <= step);
  const evals = events.filter((event) => event.type === "eval").filter((event) => event.step <= step);
  const svg = updates.length > 1 ? curveSvg(linesOf(updates, evals), step) : null;
  const text = [
    frontMatter(facts, config),
    `# ${inline(facts.run)}, step ${step}`,
    `A vision-language model of the Qwen-VL architecture that was trained by GRPO to look at a picture, call \`image_zoom_in_tool\` where that helps, and answer. ${weightsLine(facts)} Made with Saccade; the method is DeepEyes' (arXiv:2505.14362) at a small size.`,
    "## Data",
    dataText(config),
    "## Results",
    resultsText(updates, evals, step),
    ...(svg ? ["![Accuracy, zoom rate and held-out accuracy over the steps of the run](curve.svg)"] : []),
    "## Training",
    trainingText(facts, config),
    ...(facts.onnx ? [facts.onnx] : []),
    "## What is not known",
    "Accuracy is on the tasks above, judged as the settings say. Nothing else was evaluated: not other pictures, not safety, not bias. A model that learns from a reward may learn to please the reward.",
    "## Licence",
    facts.licence.line,
  ].join("\n\n");
  const encode = (content: string): Uint8Array => new TextEncoder().encode(content);
  return [
    { name: "README.md", bytes: encode(`${text}\n`) },
    ...(svg ? [{ name: "curve.svg", bytes: encode(svg) }] : []),
  ];
}

function weightsLine({ isAdapter, onnx }: CardFacts): string {
  if (onnx) return "These are its graphs, as transformers.js and onnxruntime load them.";
  return isAdapter
    ? "These are the weights of a LoRA adapter, as PEFT loads them."
    : "These are its weights in bf16, as transformers loads them.";
}

/** Names of files in the place of paths, addresses without what may be secret. */
function withoutPlaces(config: RunConfig): RunConfig {
  const { data, model, adapter } = placesIn(config, []);
  const isLocal = (path: string): boolean => !/^(https?|hf):\/\//i.test(path) && hubOf(path) === null;
  const last = (path: string): string =>
    isLocal(path) ? (path.split(/[/\\]/).findLast((part) => part) ?? path) : path;
  return {
    ...config,
    data: data.split(",").map(last).join(","),
    model: shippedModels.has(model) ? model : last(model),
    adapter: last(adapter),
    judgeUrl: config.judgeUrl === "" ? "" : "URL",
  };
}

function hubOf(path: string, kind: "models" | "datasets" = "models"): { repository: string; revision: string } | null {
  try {
    const hub = path.startsWith("dropped/") ? null : hubPath(path, kind);
    return hub === null ? null : readHubPath(hub);
  } catch {
    return null;
  }
}

const datasetsIn = ({ data }: RunConfig): string[] =>
  data === "" || isOwnCode(data)
    ? []
    : pathsIn(data).flatMap((path) => {
        const hub = hubOf(path, "datasets");
        return hub ? [hub.repository] : [];
      });

function frontMatter({ isAdapter, licence, onnx }: CardFacts, config: RunConfig): string {
  const base = hubOf(config.model);
  const library = onnx ? "transformers.js" : isAdapter ? "peft" : "transformers";
  const datasets = datasetsIn(config);
  return [
    "---",
    `license: ${licence.id}`,
    ...(licence.id === "other" ? ["license_name: see-base-model"] : []),
    `library_name: ${library}`,
    "pipeline_tag: image-text-to-text",
    ...(base ? [`base_model: ${base.repository}`, `base_model_relation: ${isAdapter ? "adapter" : "finetune"}`] : []),
    ...(datasets.length > 0 ? ["datasets:", ...datasets.map((name) => `- ${name}`)] : []),
    "tags:",
    ...["saccade", "grpo", "reinforcement-learning", "visual-reasoning", "tool-use"].map((tag) => `- ${tag}`),
    "---",
  ].join("\n");
}

function dataText(config: RunConfig): string {
  const { data, preset, seed, objects, heldOutRows } = config;
  if (data === "")
    return `Scenes that a program draws (preset \`${preset}\`, seed ${seed}): ${objects} objects, one of which the question asks about. They can be made again from the settings; held-out scenes have seeds of their own.`;
  const names = data.split(",").map((name) => `- ${code(name)}`);
  return [
    "Rows of",
    ...names,
    "",
    heldOutRows > 0 ? `${heldOutRows} rows were held out for evaluation.` : "No rows were held out for evaluation.",
  ].join("\n");
}

/** Means of so many steps at most: one has few rollouts. */
const mostInMean = 10;

type Update = Extract<CurveEvent, { type: "update" }>;
type Evaluation = Extract<CurveEvent, { type: "eval" }>;

function resultsText(updates: readonly Update[], evals: readonly Evaluation[], step: number): string {
  if (updates.length === 0 && evals.length === 0)
    return "The log of the run was not there when this card was written: its results are not known.";
  // No step counts on both sides.
  const window = Math.max(1, Math.min(mostInMean, Math.floor(updates.length / 2)));
  const first = updates.slice(0, window);
  const last = updates.slice(-window);
  const shown = [
    ["accuracy", "accuracy"],
    ["zoom_rate", "rollouts that zoomed"],
    ["reward", "reward"],
    ["response_tokens", "tokens of a response"],
  ] as const;
  const rows = shown.map(([name, label]) => `| ${label} | ${shownMean(first, name)} | ${shownMean(last, name)} |`);
  const training = [
    `| in training, mean of ${window === 1 ? "one step" : `${window} steps`} | first | last (to step ${step}) |`,
    "|---|---|---|",
    ...rows,
  ];
  if (evals.length === 0)
    return [...training, "", "It was not evaluated on held-out tasks during training."].join("\n");
  const tables = [false, true].flatMap((greedy) => {
    const own = evals.filter((event) => event.greedy === greedy);
    const [begun, end] = [own[0], own.at(-1)];
    if (!begun || !end) return [];
    return [
      `| held-out tasks, ${greedy ? "greedy" : "sampled"} (${end.tasks} tasks) | step ${begun.step} | step ${end.step} |`,
      "|---|---|---|",
      ...shown
        .slice(0, 2)
        .map(([name, label]) => `| ${label} | ${shownMean([begun], name)} | ${shownMean([end], name)} |`),
      "",
    ];
  });
  return [...training, "", ...tables].join("\n").trimEnd();
}

function shownMean(points: readonly { metrics: Metrics }[], name: string): string {
  const values = points.flatMap(({ metrics }) => (Number.isFinite(metrics[name]) ? [metrics[name]!] : []));
  if (values.length === 0) return "–";
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean.toFixed(Math.abs(mean) >= 100 ? 0 : 3);
}

function trainingText({ events }: CardFacts, config: RunConfig): string {
  const changed = differences(config, beginningOf(config));
  const always = ["model", "steps", "tasksPerStep", "rolloutsPerTask", "learningRate", "seed"] as const;
  const names = [...new Set([...always, ...changed])].filter((name) => name !== "preset");
  const head = events.findLast((event) => event.type === "run");
  const rows = names.map((name) => `| ${name} | ${code(String(config[name]))} | ${inline(knobs[name].line)} |`);
  return [
    ...(head ? [`On ${inline(head.adapter)}, begun ${inline(head.startedAt.slice(0, 10))}.`, ""] : []),
    `| setting (preset ${code(config.preset)}) | value | |`,
    "|---|---|---|",
    ...rows,
    "",
    "```",
    trainCommandText(config).replaceAll("```", "'''"),
    "```",
  ].join("\n");
}

function linesOf(updates: readonly Update[], evals: readonly Evaluation[]): CardLine[] {
  const points = (own: readonly { step: number; metrics: Metrics }[], name: string) =>
    own.flatMap(({ step, metrics }) => (Number.isFinite(metrics[name]) ? [[step, metrics[name]!] as const] : []));
  return [
    { label: "accuracy", colour: "#1b5fb8", dash: "", points: points(updates, "accuracy") },
    { label: "zoom rate", colour: "#b3541e", dash: "6 3", points: points(updates, "zoom_rate") },
    {
      label: "held-out accuracy",
      colour: "#1f7a4d",
      dash: "2 3",
      points: points(
        evals.filter(({ greedy }) => !greedy),
        "accuracy",
      ),
    },
  ];
}

/** Untrusted names as text of Markdown. */
const inline = (text: string): string =>
  withUnseen(text)
    .replaceAll(/[\r\n]+/g, " ")
    .replaceAll(/[\\`*[\]<>|]/g, "\\$&")
    .slice(0, 300);
const code = (text: string): string => {
  const plain = withUnseen(text)
    .replaceAll(/[\r\n`|]+/g, " ")
    .slice(0, 300);
  return plain.trim() === "" ? "none" : `\`${plain}\``;
};
