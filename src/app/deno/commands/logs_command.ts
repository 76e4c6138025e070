import { type LogFormat, type LogFormatName, logFormatNames, logFormats } from "../../../interop/logs/formats.ts";
import type { Logged } from "../../../interop/logs/logged_steps.ts";
import { quantityRows, settingColumns } from "../../../interop/logs/quantity_rows.ts";
import type { TokenTexts } from "../../../interop/logs/rollout_texts.ts";
import type { NamedBytes } from "../../../platform.ts";
import type { Options } from "../command_line/arguments.ts";
import { type CommandContext, stopSignal } from "../command_line/command_context.ts";
import { asked, exitCodes, Misused } from "../command_line/exit_codes.ts";
import { visible } from "../command_line/terminal.ts";
import { expectNewFolder } from "../storage/run_folder.ts";
import { runTokenizer } from "../storage/run_tokenizer.ts";
import { nameOf, type OpenLog, openLog } from "./opened_log.ts";
import { TrainProgress } from "./train_progress.ts";

/**
 * `logs RUN_FOLDER`: prints a run's log as `train` does. With `--format F --out DIR`: writes it in the way of other
 * programs; with `all`, a folder for each. The run is only read, and may go on meanwhile; `--follow` goes on with it.
 * Returns the exit code: 1 where a format could not be written.
 */
export async function logsCommand(options: Options, context: CommandContext): Promise<number> {
  const { folders = [], format = "all", out, follow = false } = options;
  if (folders.length > 1) return writeQuantities(options, context);
  if (folders.length !== 1) throw new Misused(`saccade logs needs the folder of one run, found ${folders.length}`);
  asked(() => expectFlags(options));
  if (out !== undefined) await expectNewFolder(out);
  const signal = stopSignal(context);
  const log = await openLog(folders[0]!, follow ? signal : null);
  for (const sentence of log.foreign?.notices ?? []) context.terminal.print(visible(sentence));
  try {
    if (out === undefined) return await printLog(log, options, context);
    if (format === "html") return await writeHtml(log, options, context);
    const names: readonly LogFormatName[] = format === "all" ? logFormatNames : [format];
    return await writeFormats(log, names, options, context);
  } catch (error) {
    // A log that was not followed to its end, e.g. before its first line.
    if (follow && signal.aborted) return exitCodes.interrupted;
    throw error;
  }
}

/** @throws Error where flags do not fit together */
function expectFlags({ format, out, rollout, follow, logJson }: Options): void {
  if (out === undefined && format !== undefined)
    throw new Error(`--format ${format} writes files: name a new folder by --out`);
  if (out === undefined && rollout !== undefined)
    throw new Error("--rollout names what --format html writes: name a new folder by --out");
  if (rollout !== undefined && format !== "html")
    throw new Error(
      `--rollout names what --format html writes; found --format ${format ?? "all"}, which writes the whole log`,
    );
  if (follow && format === "html") throw new Error("--format html writes rollouts that are there; leave --follow out");
  if (logJson && out !== undefined)
    throw new Error("--log-json prints events, and --out writes files; leave one of them out");
}

/** The lines that `train` prints, or the events themselves. */
async function printLog(
  log: OpenLog,
  { logJson = false, follow = false }: Options,
  context: CommandContext,
): Promise<number> {
  let progress: TrainProgress | null = null;
  let clockMs = 0;
  for await (const event of log.events()) {
    // What was made before is read in no time: steps take as long as the log says. Of a log that is only read, nothing is left.
    if (follow && (event.type === "update" || event.type === "eval")) clockMs += event.durationMs;
    // A run that goes on has a head of its own.
    if (event.type === "run") {
      const { config, resumedAt } = event;
      const from = { steps: config.steps, made: resumedAt, json: logJson };
      progress = new TrainProgress(context.terminal, from, () => clockMs);
    }
    progress?.show(event);
    if (context.stopping()) return exitCodes.interrupted;
  }
  context.terminal.progress("");
  return context.stopping() ? exitCodes.interrupted : exitCodes.done;
}

async function writeFormats(
  log: OpenLog,
  names: readonly LogFormatName[],
  options: Options,
  context: CommandContext,
): Promise<number> {
  const { format = "all", out, follow = false } = options;
  const folderOf = (name: string) => (format === "all" ? `${out}/${name}` : out!);
  const needsTexts = names.some((name) => logFormats[name].writer.texts);
  const { tokenizer, missing } = needsTexts
    ? await tokenizerOf(log, options, context)
    : { tokenizer: null, missing: "no texts were asked for" };
  const { terminal } = context;
  const write = async (name: LogFormatName): Promise<number> => {
    const { writer }: LogFormat = logFormats[name];
    if (writer.texts && !tokenizer) {
      terminal.print(visible(`${name} is not written: ${missing}`));
      return exitCodes.failed;
    }
    let steps = 0;
    const counted = count(log.steps(), () => {
      steps++;
      terminal.progress(`${name}: ${plural(steps, "step")}`);
    });
    const pieces = writer.texts ? writer.write(counted, tokenizer!) : writer.write(counted);
    const files = await writePieces(folderOf(name), pieces);
    terminal.print(`${name}: ${plural(steps, "step")}, ${plural(files, "file")} in ${folderOf(name)}`);
    return exitCodes.done;
  };
  const codes: number[] = [];
  if (follow) {
    // None ends before the run does, so all are written at once.
    codes.push(...(await Promise.all(names.map(write))));
    if (context.stopping()) return exitCodes.interrupted;
  } else for (const name of names) codes.push(await write(name));
  return Math.max(...codes);
}

/** `logs RUN RUN... --format csv`: one table of the quantities of several runs. */
async function writeQuantities(
  { folders = [], format, out, follow }: Options,
  { terminal }: CommandContext,
): Promise<number> {
  if (format !== "csv" || out === undefined || follow)
    throw new Misused(
      `Only --format csv --out DIR takes several runs, as one table; found ${folders.length} folders: name one of them`,
    );
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined) throw new Misused(`${twice} is given twice; leave one out, or its rows would count twice`);
  await expectNewFolder(out);
  const logs = await Promise.all(folders.map((folder) => openLog(folder, null)));
  const columns = settingColumns(await Promise.all(logs.map((log) => log.settings())));
  async function* steps() {
    for (const log of logs) yield* log.steps();
  }
  let rows = 0;
  async function* pieces(): AsyncGenerator<NamedBytes> {
    for await (const lines of quantityRows(steps(), columns)) {
      rows += lines.length;
      yield { name: "quantities.csv", bytes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")) };
    }
  }
  await writePieces(out, pieces());
  terminal.print(
    `csv: ${plural(rows - 1, "quantity", "quantities")} of ${folders.length} runs in ${out}/quantities.csv`,
  );
  return exitCodes.done;
}

/** One file for the rollouts that are named. */
async function writeHtml(log: OpenLog, options: Options, context: CommandContext): Promise<number> {
  const { folders = [], out, rollout } = options;
  const { tokenizer, missing } = await tokenizerOf(log, options, context);
  if (!tokenizer) {
    context.terminal.print(visible(`html is not written: ${missing}`));
    return 1;
  }
  const name = nameOf(folders[0]!);
  if (rollout === undefined) {
    const { runPages } = await import("../../run_pages/run_pages.ts");
    const pages = runPages({
      name,
      events: log.events,
      textOf: (token) => tokenizer.texts([token])[0] ?? "",
      platform: await context.openPlatform(false),
      progress: (done, of) => context.terminal.progress(`html: ${done} of ${of} steps`),
    });
    const files = await writePieces(out!, pages);
    context.terminal.print(`html: ${plural(files, "page")}; open ${out}/index.html in a browser`);
    return 0;
  }
  const { htmlOfLog } = await import("./html_log.ts");
  const { file, text, rollouts } = await htmlOfLog(log.events(), rollout, { tokenizer, name }, context);
  await Deno.mkdir(out!, { recursive: true });
  await Deno.writeFile(`${out}/${file}`, new TextEncoder().encode(text), { createNew: true });
  context.terminal.print(`html: ${plural(rollouts, "rollout")} in ${out}/${file}`);
  return 0;
}

const plural = (count: number, noun: string, many = `${noun}s`): string => `${count} ${count === 1 ? noun : many}`;

async function* count(steps: AsyncIterable<Logged>, step: () => void): AsyncGenerator<Logged> {
  for await (const one of steps) {
    if (one.kind === "step") step();
    yield one;
  }
}

/** For logs whose segments have their texts: no token is looked up. */
const ownTexts: TokenTexts = { decode: () => "", texts: (tokens) => tokens.map(() => "") };

/** The tokenizer of the run's model, or why there is none. */
async function tokenizerOf(
  log: OpenLog,
  { tokenizer }: Options,
  context: CommandContext,
): Promise<{ tokenizer: TokenTexts | null; missing: string }> {
  if (log.foreign) return { tokenizer: ownTexts, missing: "" };
  const folder = tokenizer ?? (await log.settings()).model;
  try {
    return { tokenizer: await runTokenizer(folder, context), missing: "" };
  } catch (error) {
    return { tokenizer: null, missing: (error as Error).message };
  }
}

/** Writes files piece by piece; the folder is new. Returns the number of files. */
async function writePieces(folder: string, pieces: AsyncIterable<NamedBytes>): Promise<number> {
  const names = new Set<string>();
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name, bytes } of pieces) {
    const path = `${folder}/${name}`;
    if (name.includes("/")) await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, bytes, names.has(name) ? { append: true } : { createNew: true });
    names.add(name);
  }
  return names.size;
}
