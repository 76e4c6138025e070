import { chooseTools } from "../../../agent/tools/table.ts";
import type { Platform } from "../../../platform.ts";
import type { Chat } from "../../../policy/chat.ts";
import { openChat } from "../../../policy/chats.ts";
import type { Tokenizer } from "../../../policy/tokenizer.ts";
import { recipeBudget } from "../../../tasks/rows/picture_budget.ts";
import type { RowSource } from "../../../tasks/rows/row.ts";
import { type SurveySettings, survey } from "../../../tasks/rows/survey.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { jsonLines, Tally } from "../../conformance/outcome.ts";
import { pathsIn } from "../../data/data_paths.ts";
import { compareRows, type ExpectedRow } from "../../data/expected.ts";
import { inspect, inspectionLines } from "../../data/inspection.ts";
import { promptOf, surveySettings } from "../../data/run_tasks.ts";
import { filesAt, openSource } from "../../data/sources.ts";
import { fileOrNull, filesIn } from "../../model_folder/model_files.ts";
import { openTokenizer } from "../../model_folder/qwen_tokenizer.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";

/**
 * `data inspect FILE...`: what sources of tasks hold, and what would be left out or changed and why. A source that
 * cannot be opened costs its sentence and the exit code; the others are shown all the same.
 */
export async function dataCommand(
  changes: Partial<RunConfig>,
  options: Options,
  context: CommandContext,
): Promise<number> {
  const [action, ...paths] = options.folders!;
  if (action !== "inspect" || paths.length === 0)
    throw new Error(`saccade data needs "inspect" and files or folders, found "${options.folders!.join(" ")}"`);
  const platform = await context.openPlatform(false);
  // The prompts of the files' own recipe, unless another is asked for.
  const config = resolveConfig({ prompt: "deepeyes", ...changes });
  const writing = await chatOf(options, config, platform);
  const { limits } = recipeBudget;
  const maxPixels = config.maxPixels || limits.maxPixels;
  const settings = surveySettings(config, { ...limits, maxPixels }, { chat: writing?.chat });
  if (options.show !== undefined && !writing) throw new Error("saccade data --show needs --tokenizer");
  const { expect } = options;
  const expected = expect ? jsonLines<ExpectedRow>(await platform.readAsset(onDisk(expect)), expect) : null;
  const { terminal, stopping } = context;
  const tally = new Tally();
  let unopened = 0;
  const named = paths.flatMap(pathsIn).map(onDisk);
  for (const path of (await Promise.all(named.map((one) => filesAt(one, platform)))).flat()) {
    let source: RowSource;
    try {
      const address = platform.addressOf(path);
      if (address !== null) terminal.print(visible(`Reading parts of ${address}`));
      source = await openSource(path, platform);
    } catch (error) {
      unopened++;
      terminal.print(visible((error as Error).message));
      continue;
    }
    if (options.show !== undefined) {
      for (const line of await showPrompt(source, options.show, { ...writing!, config, settings }))
        terminal.print(line);
      continue;
    }
    const headersOnly = options.headersOnly || expected !== null;
    const progress = (rows: number) => terminal.progress(`${source.name}: ${rows} of ${source.rows} rows`);
    const seen = await inspect(source, settings, { headersOnly, progress, stopping });
    for (const line of inspectionLines(seen)) terminal.print(visible(line));
    if (expected)
      for await (const outcome of compareRows(source, expected)) {
        const failure = tally.add(outcome);
        if (failure !== null) terminal.print(visible(failure));
        if (stopping()) return exitCodes.interrupted;
      }
    if (stopping()) return exitCodes.interrupted;
  }
  if (!expected) return unopened > 0 ? exitCodes.failed : exitCodes.done;
  for (const line of tally.lines()) terminal.print(line);
  return tally.failed > 0 || tally.passed === 0 || unopened > 0 ? exitCodes.failed : exitCodes.done;
}

/** Counts prompts where there is a tokenizer; rows without pictures are shown as what they are. */
async function chatOf(
  options: Options,
  config: RunConfig,
  platform: Platform,
): Promise<{ chat: Chat; tokenizer: Tokenizer } | null> {
  const { tokenizer: folder } = options;
  if (folder === undefined) return null;
  const tokenizer = await openTokenizer(fileOrNull(filesIn(platform, onDisk(folder))));
  return { chat: openChat(config.prompt, tokenizer, chooseTools(config)), tokenizer };
}

/** How a run writes prompts. */
interface Writing {
  chat: Chat;
  tokenizer: Tokenizer;
  config: RunConfig;
  settings: SurveySettings;
}

/** The prompt of one row as a run would write it, with its tokens; runs of image tokens as one. */
async function showPrompt(
  source: RowSource,
  number: number,
  { chat, tokenizer, config, settings }: Writing,
): Promise<string[]> {
  if (number > source.rows)
    throw new Error(`Expected a row from 1 to ${source.rows} of ${source.name}, found ${number}`);
  const row = await source.row(number - 1);
  const { pictures, skip } = await survey(row, settings, { headersOnly: true });
  const tokens = promptOf(
    row,
    chat,
    config,
    pictures.map(({ imageTokens }) => imageTokens),
  );
  const pad = tokenizer.id("<|image_pad|>");
  const lines: string[] = [];
  for (const [at, token] of tokens.entries()) {
    // Image tokens stand on one line.
    if (token === pad && tokens[at - 1] === pad) continue;
    let end = at + 1;
    while (token === pad && tokens[end] === pad) end++;
    const repeated = end - at > 1 ? `  x ${end - at}` : "";
    lines.push(`${String(token).padStart(8)}  ${JSON.stringify(tokenizer.texts([token])[0])}${repeated}`);
  }
  return [
    `${source.name}, row ${number} of ${source.rows}: ${tokens.length} tokens${skip ? `; left out: ${skip.why}` : ""}`,
    tokenizer.decode(tokens).replaceAll(/(<\|image_pad\|>)+/g, "<|image_pad|>..."),
    ...lines,
  ];
}

/** On disk, even where a shipped variant has the same name. */
const onDisk = (path: string): string => (/^([./\\]|[a-zA-Z][a-zA-Z0-9+.-]*:)/.test(path) ? path : `./${path}`);
