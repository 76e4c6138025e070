import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { presets } from "../../../train/presets.ts";
import type { Control, Item } from "../../benchmarks/benchmark.ts";
import type { ReportHead } from "../../benchmarks/benchmark_report.ts";
import { shippedModels } from "../../model_folder/shipped_models.ts";
import type { RollingSession } from "../../session/session.ts";
import type { Options } from "../command_line/arguments.ts";

/** What a command line asks for, checked before a model is loaded. */
export interface Prepared {
  head: Pick<ReportHead, "name" | "place" | "order" | "notes">;
  open(config: RunConfig, session: RollingSession): Promise<OpenedBenchmark>;
  controls: readonly Control[];
  sampled: number;
  meanOfCategories: boolean;
  judge: string;
  /** What is changed of the run's configuration. */
  changes: Partial<RunConfig>;
}

/** What is asked, and what a person should know of it: in all, and of each set. */
export interface OpenedBenchmark {
  items: Item[];
  notes?: readonly string[];
  setNotes?: Record<string, readonly string[]>;
}

/** The controls of what is asked in one order. */
export const sceneControls: readonly Control[] = ["none", "no-tool", "blank-crop", "shuffled-crop"];

/** Whose tasks are a person's own. */
export const ownName = "own";

export const chosenControls = (control: Control | "all", all: readonly Control[]): readonly Control[] =>
  control === "all" ? all : [control];

/** Who decides where no rule does; who names a server wants it asked. */
export const judgeOf = ({ judge, judgeUrl }: Partial<RunConfig>): RunConfig["judge"] =>
  judge ?? (judgeUrl ? "hardened" : "rules");

/** @throws Error where a judge is asked for without its server */
export function expectJudgeAddress(changes: Partial<RunConfig>): void {
  const judge = judgeOf(changes);
  if (judge !== "rules" && !changes.judgeUrl)
    throw new Error(`The judge ${judge} needs --judge-url, such as http://127.0.0.1:18901/v1`);
}

/** What DeepEyes' evaluations allow, and our own tool, which crops what the model meant. */
const deepEyesProtocol: Partial<RunConfig> = {
  preset: "deepeyes-7b",
  tool: "saccade",
  // 11 generations.
  maxToolCalls: 10,
};

/** What questions about a person's pictures are asked with, where neither a run nor a preset says it. */
export interface AskedWith {
  changes: Partial<RunConfig>;
  notes: string[];
}

/**
 * A published model gets DeepEyes' prompts and limits. A shipped one gets the prompt and limits that it was taught: in others
 * it would write on to their end.
 * @throws Error where no model is named
 */
export function askedWith(what: string, { preset, model }: Partial<RunConfig>, options: Options): AskedWith {
  const isElsewhere = options.policyUrl !== undefined || options.policyOnnx !== undefined;
  const isOwn = preset === undefined && options.from === undefined;
  if (isOwn && model === undefined && !isElsewhere)
    throw new Error(
      `saccade benchmark ${what} needs --model (a folder with a checkpoint, or owner/name@revision), --policy-url (a server) or --from a run; the shipped models know generated scenes only, and --model worlds tries that all runs through`,
    );
  const meant = model ?? (isOwn ? undefined : resolveConfig({ preset }).model);
  const isSmall = meant !== undefined && options.from === undefined && shippedModels.has(meant);
  const notes = isSmall ? [smokeNote(meant)] : [];
  if (!isOwn) return { changes: {}, notes };
  return { changes: isSmall ? { preset: presetOf(meant) } : deepEyesProtocol, notes };
}

const smokeNote = (model: string): string =>
  `A smoke test and no result: ${model} was taught generated scenes alone, knows neither photographs nor options, and answers at the level of a guess or below`;

/** The first preset of a shipped model. */
const presetOf = (model: string): string =>
  Object.keys(presets).find((preset) => resolveConfig({ preset }).model === model)!;
