import type { Fingerprint } from "../../../tasks/fingerprint.ts";
import { beginningOf, differences } from "../../../train/config.ts";
import type { TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { readTrainerState } from "../../../train/trainer_state.ts";
import { readStored } from "../../run/record.ts";
import { window as lastSteps, noSummary, type RunSummary, resultOf, withEvent } from "../../run/run_summary.ts";
import { openRunFile } from "../../run_file/open_run_file.ts";
import { runsOf, sweepTitle } from "../../sweep/sweep_plan.ts";
import { openFileSource } from "../storage/file_source.ts";
import { readRunCheckpoints, readRunConfig } from "../storage/run_folder.ts";
import { isWritten } from "../storage/run_lock.ts";
import { readSweep, runFolders, standingOf } from "../storage/sweep_folder.ts";
import { bytesText, fact } from "./fact_lines.ts";
import { openLog } from "./opened_log.ts";

/** A run's folder: its settings, what it reached, its log and its checkpoint. */
export async function* runLines(folder: string): AsyncGenerator<string> {
  yield `${folder}: the folder of a run${(await isWritten(folder)) ? ", which is being written" : ""}`;
  const stored = await readRunConfig(folder);
  const { config, sources = [] } = stored === null ? { config: null } : readStored(stored);
  if (config) yield* settingLines(config);
  yield* eventLines(folder, config);
  for (const source of sources) yield sourceLine(source);
  yield* await checkpointLines(folder, config?.steps ?? 0);
}

/** A log by itself, ours or another program's. */
export async function* logLines(path: string): AsyncGenerator<string> {
  yield `${path}: the log of a run`;
  yield* eventLines(path, null);
}

/** A run as one file. */
export async function* runFileLines(path: string): AsyncGenerator<string> {
  const source = await openFileSource(path);
  try {
    const run = await openRunFile(source);
    yield `${path}: the run ${run.name} as one file, ${bytesText(source.sizeBytes)}`;
    yield* settingLines(run.config);
    yield fact("checkpoint", run.savedStep > 0 ? `of step ${run.savedStep}` : "none");
    yield fact(
      "files",
      run.files.length === 0 ? "neither data nor model travel with it" : `${run.files.length} of its data and models`,
    );
    for (const sentence of run.notices) yield fact("log", sentence);
    yield fact("open it", `npm run saccade -- unpack ${path} --out DIR`);
  } finally {
    source.close();
  }
}

/** A sweep: its runs, one a line. */
export async function* sweepLines(folder: string): AsyncGenerator<string> {
  const sweep = await readSweep(folder);
  const settings = runsOf(sweep);
  yield `${folder}: a sweep of ${settings.length} runs, ${sweepTitle(sweep)}`;
  for (const [i, own] of runFolders(folder, sweep).entries()) {
    const { state, step, steps, result } = await standingOf(own, settings[i]!);
    const accuracy = result?.accuracy == null ? "" : `, accuracy ${result.accuracy.toFixed(3)}`;
    yield `  ${own}: ${state}, step ${step} of ${steps}${accuracy}`;
  }
}

function* settingLines(config: RunConfig): Generator<string> {
  const changed = differences(config, beginningOf(config));
  const text = changed.map((key) => `${key} ${config[key] === "" ? "none" : config[key]}`).join(", ");
  yield fact("settings", `preset ${config.preset}${text ? `, ${text}` : ""}`);
  yield fact("model", config.model);
  yield fact("tasks", config.data === "" ? "generated scenes" : config.data);
}

/** What the events say. @param config  of the folder; a log by itself has its own */
async function* eventLines(path: string, config: RunConfig | null): AsyncGenerator<string> {
  const log = await openLog(path, null);
  for (const sentence of log.foreign?.notices ?? []) yield fact("log", sentence);
  let summary: RunSummary = noSummary;
  let head: Extract<TrainEvent, { type: "run" }> | null = null;
  const counted = { events: 0, rollouts: 0, alarms: 0, evaluations: 0 };
  const keptSteps = new Set<number>();
  for await (const event of log.events()) {
    summary = withEvent(summary, event);
    counted.events++;
    if (event.type === "run") head = event;
    else if (event.type === "alarm") counted.alarms++;
    else if (event.type === "eval") counted.evaluations++;
    else if (event.type === "group") {
      counted.rollouts += event.rollouts.length;
      keptSteps.add(event.step);
    }
  }
  if (!head) {
    yield fact("log", "nothing was logged yet");
    return;
  }
  if (!config) yield* settingLines(head.config);
  const { steps } = config ?? head.config;
  const ended = { done: "done", stopped: "stopped", failed: "it ended with an error" }[summary.end ?? "stopped"];
  yield fact(
    "made",
    `step ${summary.step} of ${steps}, ${summary.end ? ended : "not ended"}; ${(summary.trainedMs / 1000).toFixed(1)} s of training on ${summary.device || "an unknown device"}`,
  );
  yield fact("begun", head.startedAt);
  const { accuracy, best, zoomRate, reward, isHeldOut } = resultOf(summary);
  const number = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
  const measured = isHeldOut ? "on held-out tasks" : `mean of the last ${lastSteps} steps at most`;
  yield fact(
    "reached",
    `accuracy ${number(accuracy)}${best ? ` (best ${number(best.accuracy)} after step ${best.step})` : ""}, zoom rate ${number(zoomRate)}, reward ${number(reward)}; ${measured}`,
  );
  yield fact(
    "log",
    `${counted.events} events, ${counted.rollouts} rollouts of ${keptSteps.size} steps, ${counted.evaluations} evaluations, ${counted.alarms} alarms`,
  );
}

async function checkpointLines(folder: string, steps: number): Promise<string[]> {
  let files: Awaited<ReturnType<typeof readRunCheckpoints>>;
  try {
    files = await readRunCheckpoints(folder);
  } catch {
    return [fact("checkpoint", "none; it is written every --save-every steps and when a run ends")];
  }
  const [last] = files;
  const { step, optimizerStep } = readTrainerState(last!);
  const size = last!.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return [
    fact(
      "checkpoint",
      `of step ${step} (${optimizerStep} updates of the optimizer), ${bytesText(size)}: ${last!.map(({ name }) => name).join(", ")}`,
    ),
    ...(step < steps ? [fact("go on", `npm run saccade -- train --resume ${folder}`)] : []),
  ];
}

const sourceLine = ({ knob, part, path, files, sizeBytes, hash }: Fingerprint): string =>
  fact(
    knob,
    `${part} of ${path}: ${files} ${files === 1 ? "file" : "files"}, ${bytesText(sizeBytes)}, SHA-256 ${hash.slice(0, 12)}…`,
  );
