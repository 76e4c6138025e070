import type { TokenUse } from "../../../connection/usage.ts";
import { testConnection } from "../../../reward/connection/diagnosis.ts";
import { judgeServers } from "../../../reward/connection/servers.ts";
import { type Audit, type AuditRates, audit } from "../../../reward/judges/audit.ts";
import type { AnswerJudge, JudgeSettings } from "../../../reward/judges/judge.ts";
import { judgeAlarms } from "../../../reward/judges/metrics.ts";
import { openJudge, rulesJudge } from "../../../reward/judges/remote_judge.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { TrainEvent } from "../../../train/events.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { isModulePath } from "../../../train/own_code.ts";
import { judgeSettingsOf } from "../../judge/judge_settings.ts";
import { type RejudgedStep, rejudge } from "../../judge/rejudge.ts";
import { LogReader } from "../../run/log_reader.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { keyVariable } from "../command_line/judge_key.ts";
import { visible } from "../command_line/terminal.ts";
import { runTokenizer } from "../storage/run_tokenizer.ts";
import { verdictFolder } from "../storage/verdict_folder.ts";
import { loadOwnCode } from "./own_code.ts";

/** `judge test|audit|rejudge`. Returns the exit code. */
export async function judgeCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const [action, ...rest] = options.folders!;
  switch (action) {
    case "test":
      expectNoMore(action, rest);
      return test(changes, options, context);
    case "audit":
      expectNoMore(action, rest);
      return auditCommand(changes, options, context);
    case "rejudge":
      return rejudgeCommand(onlyRun(rest), changes, options, context);
    default:
      throw new Error(`Expected judge test, judge audit or judge rejudge RUN_FOLDER, found "${action}"`);
  }
}

function onlyRun([folder, ...others]: readonly string[]): string {
  if (folder === undefined || others.length > 0)
    throw new Error(
      `saccade judge rejudge needs the folder of one run, found ${folder === undefined ? 0 : 1 + others.length}`,
    );
  return folder;
}

function expectNoMore(action: string, rest: readonly string[]): void {
  if (rest.length > 0) throw new Error(`saccade judge ${action} takes flags only, found "${rest[0]}"`);
}

/** The judge's settings from knobs and from the environment; hardened unless another was asked for. */
export function judgeSettings(changes: Partial<RunConfig>): JudgeSettings {
  const config = resolveConfig({ ...changes, judge: changes.judge ?? "hardened" });
  if (config.judge === "rules") throw new Error("The rules need no server; choose another --judge, such as hardened");
  if (config.judgeUrl === "") throw new Error("saccade judge needs --judge-url, such as http://127.0.0.1:18901/v1");
  return judgeSettingsOf(config, config.judge, judgeKey());
}

export const judgeKey = (): string | null => Deno.env.get(keyVariable) ?? null;

async function test(changes: Partial<RunConfig>, options: Options, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const diagnosis = await testConnection(judgeSettings(changes), null, {}, stopSignal(context));
  if (options.logJson) terminal.print(JSON.stringify(diagnosis));
  else {
    terminal.print(`${diagnosis.state}: ${visible(diagnosis.message)}`);
    if (!diagnosis.usable || diagnosis.state === "slow") {
      terminal.print("Servers, and how to start them:");
      for (const { name, url, command, note } of judgeServers(null)) {
        terminal.print(`  ${name} (${note}); then --judge-url ${url}`);
        terminal.print(`    ${command}`);
      }
    }
    if (diagnosis.state === "unauthorized") terminal.print(`The key is read from ${keyVariable}`);
  }
  return diagnosis.usable ? exitCodes.done : exitCodes.failed;
}

async function auditCommand(changes: Partial<RunConfig>, options: Options, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const judge = openJudge({ ...judgeSettings(changes), canaryRate: 0 });
  const signal = stopSignal(context);
  const result = await audit(judge, signal);
  // Rates of some of the cases would look like rates of all.
  if (signal.aborted) return exitCodes.interrupted;
  if (options.logJson) terminal.print(JSON.stringify({ judge: judge.name, ...result, counts: judge.counts }));
  else for (const line of auditLines(judge.name, result)) terminal.print(line);
  if (!options.logJson) terminal.print(callsLine(judge));
  return result.whole.failed === 0 ? exitCodes.done : exitCodes.failed;
}

function auditLines(name: string, { whole, alone, mistakes, lastFailure }: Audit): string[] {
  const share = (part: number, all: number) =>
    all === 0 ? "-" : `${part}/${all} = ${((100 * part) / all).toFixed(1)} %`;
  const row = (label: string, rates: AuditRates) =>
    `  ${label.padEnd(26)}${share(rates.falsePositives, rates.wrong).padStart(18)}${share(rates.falseNegatives, rates.right).padStart(18)}${String(rates.failed).padStart(12)}`;
  return [
    `Audit of ${name}: answers that are known to be right or wrong`,
    `  ${"".padEnd(26)}${"false positives".padStart(18)}${"false negatives".padStart(18)}${"no verdict".padStart(12)}`,
    row("as a run would judge", whole),
    row("the model alone", alone),
    ...mistakes.map(
      ({ goldAnswer, answer, right, by }) =>
        `  ${right ? "turned down" : "approved   "}  ${visible(JSON.stringify(answer))} for ${visible(JSON.stringify(goldAnswer))} (${visible(by)})`,
    ),
    ...(lastFailure === null ? [] : [`  last failure: ${visible(lastFailure)}`]),
  ];
}

function callsLine({ counts }: AnswerJudge): string {
  const { calls, retries, failures, callMs, tokens } = counts.connection;
  const failed = Object.entries(failures).map(([kind, count]) => `${count} ${kind}`);
  const votes = counts.voted === 0 ? "" : `; votes differ on ${counts.split} of ${counts.voted}`;
  const each = calls === 0 ? "" : `, ${(callMs / calls / 1000).toFixed(2)} s each`;
  return `${counts.asked} verdicts: ${counts.byRule} by rule, ${counts.refused} refused, ${counts.byJudge} by the judge, ${counts.failed} failed; ${calls} calls${each}, ${retries} retried, ${counts.fromCache} from the cache, failures: ${failed.join(", ") || "none"}${counted(tokens)}${votes}`;
}

function counted({ counted: replies, promptTokens, replyTokens, cost }: TokenUse): string {
  if (replies === 0) return "";
  return `; ${promptTokens} + ${replyTokens} tokens${cost > 0 ? `, cost ${Number(cost.toPrecision(3))}` : ""}`;
}

async function rejudgeCommand(
  folder: string,
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const events = await readEvents(folder);
  const head = events.find((event) => event.type === "run");
  if (!head) throw new Error(`Expected the log of a run in ${folder}, found one without a head`);
  const named = changes.reward ?? head.config.reward;
  const { reward = named } = await loadOwnCode({ reward: named, data: "", tools: "" }, changes);
  const judge = judgeAgain(head.config, changes, options);
  const signal = stopSignal(context);
  const steps: RejudgedStep[] = [];
  if (!options.logJson) for (const line of rejudgedHead(judge?.name ?? "now")) terminal.print(line);
  for await (const step of rejudge(events, {
    judge,
    settings: (own) => ({
      reward: changes.reward === undefined && !isModulePath(named) ? own.reward : reward,
      weights: { ...own, ...changes },
      failure: changes.judgeFailure ?? own.judgeFailure,
      signal,
    }),
    tokenizer: (model) => runTokenizer(options.tokenizer ?? model, context),
  })) {
    // A step that the person interrupted says nothing about the judge.
    if (signal.aborted) break;
    steps.push(step);
    terminal.print(options.logJson ? JSON.stringify({ type: "rejudged", ...step }) : rejudgedLine(step));
  }
  if (steps.length === 0 && signal.aborted) return exitCodes.interrupted;
  if (steps.length === 0) throw new Error(`Expected a run with rollouts in ${folder}, found none in its log`);
  if (!options.logJson) {
    for (const line of summaryLines(steps)) terminal.print(line);
    terminal.print(judge ? callsLine(judge) : "Verdicts as stored; no judge was asked");
    if (judge) for (const { message } of judgeAlarms(judge.counts)) terminal.print(`! ${visible(message)}`);
  }
  return signal.aborted ? exitCodes.interrupted : exitCodes.done;
}

/**
 * Who judges stored rollouts: null (stored verdicts) where no judge is named, so that another reward needs no server.
 * The run's own judge by its name and settings, never by the address in its log, which may be another's.
 */
function judgeAgain(own: RunConfig, changes: Partial<RunConfig>, options: Options): AnswerJudge | null {
  if (changes.judge === undefined && changes.judgeUrl === undefined) return null;
  if (changes.judge === "rules") return rulesJudge();
  const isOwn = own.judge !== undefined && own.judge !== "rules" && (changes.judge ?? own.judge) === own.judge;
  const { judge, judgeModel, judgeReplyTokens } = own;
  return openJudge(
    judgeSettings(isOwn ? { judge, judgeModel, judgeReplyTokens, ...changes } : changes),
    options.judgeCache === undefined ? {} : { cache: verdictFolder(options.judgeCache) },
  );
}

/** The events of a run; a last line that was cut off is left out. Nothing is written, so the run may go on meanwhile. */
async function readEvents(folder: string): Promise<TrainEvent[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${folder}/events.jsonl`);
  } catch (error) {
    const found = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new Error(`Expected the log of a run in ${folder}/events.jsonl, found ${found}; check the folder`);
  }
  const reader = new LogReader(`${folder}/events.jsonl`, "remove the line, or judge another run", { strict: true });
  const events = text.split("\n").flatMap((line) => reader.line(line) ?? []);
  reader.end();
  return events;
}

const rejudgedHead = (name: string): string[] => [
  `step        accuracy            reward      no verdict   verdicts`,
  `         before  ${name.slice(0, 9).padStart(9)}  before  ${name.slice(0, 9).padStart(9)}   now   that differ`,
];

function rejudgedLine({ step, rollouts, before, after, changed }: RejudgedStep): string {
  const cell = (value: number | null, width: number) => (value === null ? "-" : value.toFixed(3)).padStart(width);
  return `${String(step).padStart(4)}   ${cell(before.accuracy, 8)}  ${cell(after.accuracy, 9)}${cell(before.reward, 8)}  ${cell(after.reward, 9)}${String(rollouts - after.scored).padStart(6)}${String(changed.length).padStart(10)}`;
}

function summaryLines(steps: readonly RejudgedStep[]): string[] {
  const changed = steps.flatMap((step) => step.changed);
  const rollouts = steps.reduce((sum, step) => sum + step.rollouts, 0);
  const of = (before: boolean | undefined, after: boolean | undefined) =>
    changed.filter((one) => one.before?.right === before && one.after?.right === after).length;
  const differ = steps.reduce((sum, step) => sum + step.rewardsDiffer, 0);
  const inferred = steps.reduce((sum, step) => sum + step.verdictsFromRewards, 0);
  const shownAtMost = 10;
  return [
    `${rollouts} rollouts: ${rollouts - changed.length} as before, ${of(false, true)} now right, ${of(true, false)} now wrong, ${of(true, undefined) + of(false, undefined)} without a verdict now, ${of(undefined, true) + of(undefined, false)} without one before; ${differ} rewards differ`,
    ...(inferred > 0
      ? [
          `${inferred} verdicts are read from their rewards: an earlier version wrote this log, and right answers that verl's or DeepEyes' reward took back count as wrong`,
        ]
      : []),
    ...changed
      .slice(0, shownAtMost)
      .map(
        ({ rollout, answer, goldAnswer, before, after }) =>
          `  ${rollout}: ${visible(JSON.stringify(answer))} for ${visible(JSON.stringify(goldAnswer))}: ${verdictText(before)} -> ${verdictText(after)}`,
      ),
    ...(changed.length > shownAtMost ? [`  and ${changed.length - shownAtMost} more; --log-json has them all`] : []),
  ];
}

const verdictText = (reward: ChangedReward): string =>
  reward === null ? "no verdict" : `${reward.right ? "right" : "wrong"} by ${visible(reward.verdict)}`;

type ChangedReward = RejudgedStep["changed"][number]["before"];
