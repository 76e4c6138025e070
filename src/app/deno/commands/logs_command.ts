import { type LogFormat, type LogFormatName, logFormatNames, logFormats } from "../../../interop/logs/formats.ts";
import { type Logged, loggedSteps } from "../../../interop/logs/logged_steps.ts";
import type { TokenTexts } from "../../../interop/logs/rollout_texts.ts";
import type { NamedBytes } from "../../../platform.ts";
import type { TrainEvent } from "../../../train/events.ts";
import type { ForeignLog } from "../../foreign_log/read_foreign.ts";
import { linesOf } from "../../run/log_lines.ts";
import { eventsOf } from "../../run/log_reader.ts";
import type { Options } from "../command_line/arguments.ts";
import type { CommandContext } from "../command_line/command_context.ts";
import { visible } from "../command_line/terminal.ts";
import { openForeign } from "../storage/foreign_files.ts";
import { expectNewFolder } from "../storage/run_folder.ts";
import { runTokenizer } from "../storage/run_tokenizer.ts";

/**
 * `logs RUN_FOLDER --format F --out DIR`: writes a run's log in the way of other programs. With `all`, a folder for
 * each. The run is only read, and may go on meanwhile. Returns the exit code: 1 where a format could not be written.
 */
export async function logsCommand(options: Options, context: CommandContext): Promise<number> {
  const { folders = [], format = "all", out } = options;
  if (folders.length !== 1) throw new Error(`saccade logs needs the folder of one run, found ${folders.length}`);
  await expectNewFolder(out!);
  const log = await openLog(folders[0]!);
  for (const sentence of log.foreign?.notices ?? []) context.terminal.print(visible(sentence));
  if (format === "html") return writeHtml(log, options, context);
  if (options.rollout !== undefined)
    throw new Error(`--rollout names what --format html writes; found --format ${format}, which writes the whole log`);
  const names: readonly LogFormatName[] = format === "all" ? logFormatNames : [format];
  const folderOf = (name: string) => (format === "all" ? `${out}/${name}` : out!);
  const needsTexts = names.some((name) => logFormats[name].writer.texts);
  const { tokenizer, missing } = needsTexts
    ? await tokenizerOf(log, options, context)
    : { tokenizer: null, missing: "no texts were asked for" };
  const { terminal } = context;
  let code = 0;
  for (const name of names) {
    const { writer }: LogFormat = logFormats[name];
    if (writer.texts && !tokenizer) {
      terminal.print(visible(`${name} is not written: ${missing}`));
      code = 1;
      continue;
    }
    let steps = 0;
    const counted = count(log.steps(), () => {
      steps++;
      terminal.progress(`${name}: ${steps} steps`);
    });
    const pieces = writer.texts ? writer.write(counted, tokenizer!) : writer.write(counted);
    const files = await writePieces(folderOf(name), pieces);
    terminal.print(`${name}: ${plural(steps, "step")}, ${plural(files, "file")} in ${folderOf(name)}`);
  }
  return code;
}

/** One file for the rollouts that are named. */
async function writeHtml(log: OpenLog, options: Options, context: CommandContext): Promise<number> {
  const { folders = [], out, rollout } = options;
  const { tokenizer, missing } = await tokenizerOf(log, options, context);
  if (!tokenizer) {
    context.terminal.print(visible(`html is not written: ${missing}`));
    return 1;
  }
  const name = folders[0]!
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;
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

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

async function* count(steps: AsyncIterable<Logged>, step: () => void): AsyncGenerator<Logged> {
  for await (const one of steps) {
    if (one.kind === "step") step();
    yield one;
  }
}

interface OpenLog {
  /** From the beginning, each time. */
  events(): AsyncGenerator<TrainEvent>;
  steps(): AsyncGenerator<Logged>;
  /** What the run says its model is. */
  model(): Promise<string>;
  /** Of another program: it has its tokens' texts itself. */
  foreign?: ForeignLog;
}

/** The log of a run's folder, or one that was exported: `.jsonl`, or `.gz` of one. */
async function openLog(path: string): Promise<OpenLog> {
  const foreign = await openForeign(path);
  if (foreign) {
    const events = async function* (): AsyncGenerator<TrainEvent> {
      yield* foreign.events();
    };
    return { events, steps: () => loggedSteps(events()), model: async () => "", foreign };
  }
  const isFolder = await Deno.stat(path).then(
    ({ isDirectory }) => isDirectory,
    () => {
      throw new Error(`Expected the folder of a run at ${path}, found none`);
    },
  );
  const file = isFolder ? `${path.replace(/[/\\]+$/, "")}/events.jsonl` : path;
  const events = () => eventsOf(fileLines(file), file);
  return {
    events,
    steps: () => loggedSteps(events()),
    async model() {
      for await (const event of events()) if (event.type === "run") return event.config.model;
      throw new Error(`${file} is empty; nothing was logged yet`);
    },
  };
}

async function* fileLines(file: string): AsyncGenerator<string | null> {
  const opened = await Deno.open(file).catch((error) => {
    throw new Error(`Expected the log of a run in ${file}, found ${(error as Error).message}`);
  });
  const bytes = file.endsWith(".gz") ? opened.readable.pipeThrough(new DecompressionStream("gzip")) : opened.readable;
  for await (const lines of linesOf(bytes.pipeThrough(new TextDecoderStream()))) yield* lines;
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
  const folder = tokenizer ?? (await log.model());
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
