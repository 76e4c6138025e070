import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseArguments } from "../src/app/deno/command_line/arguments.ts";
import { type CommandName, commands, kebab, knobsOf } from "../src/app/deno/command_line/command_table.ts";
import { runCommand } from "../src/app/deno/commands/commands.ts";
import { settingsAs } from "../src/app/deno/commands/settings_command.ts";
import { openDenoPlatform } from "../src/app/deno/platform.ts";
import { openGpuSession } from "../src/app/session/open_gpu_session.ts";
import { resolveConfig } from "../src/train/config.ts";
import type { RunConfig } from "../src/train/knobs.ts";
import { commandsIn, documentsOf, inlineCommandsIn, wordsOf } from "./docs/command_lines.ts";
import { fillWorkFolder, openServers, type Servers } from "./docs/work_folder.ts";
import { root } from "./docs/written.ts";

type Request = Extract<ReturnType<typeof parseArguments>, { help: false }>;

let base: string;
let servers: Servers;
const home = Deno.cwd();
const vocabulary = `${root}../shared/qwen-tokenizer`;

beforeAll(async () => {
  base = await Deno.makeTempDir();
  servers = await openServers();
  await Deno.mkdir(`${base}/template`);
  Deno.chdir(`${base}/template`);
  expect(await carryOut("train --preset needle --steps 1 --out runs/first")).toBe(null);
});
afterAll(async () => {
  Deno.chdir(home);
  await servers.close();
  await Deno.remove(base, { recursive: true });
});

/** The same command with so little to do that a processor can. What it means is as the document has it. */
function reduced({ command, changes, options }: Request): Request {
  const known = knobsOf(command);
  const isResumed = options.resume !== undefined;
  const isOwn = (changes.model ?? "") !== "" || (changes.preset ?? "").endsWith("b");
  const small: Partial<RunConfig> = {
    ...(["train", "sweep"].includes(command) && { steps: isResumed ? 2 : 1 }),
    ...(!isResumed && { tasksPerStep: 1, rolloutsPerTask: 2, evalTasks: 2 }),
    ...(changes.heldOutRows !== undefined && { heldOutRows: 1 }),
    ...(isOwn && !isResumed && { firstTurnTokens: 6, nextTurnTokens: 6, responseTokens: 12, maxPixels: 12_544 }),
    ...(changes.preset === "verl-7b" && { heldOutRows: 1 }),
  };
  const fitting = Object.entries(small).filter(([name]) => known.includes(name as keyof RunConfig));
  const isPlanned = options.dryRun || command === "settings";
  return {
    command,
    help: false,
    changes: isPlanned ? changes : { ...changes, ...Object.fromEntries(fitting) },
    options: {
      ...options,
      ...(["eval", "rollout"].includes(command) && { tasks: 2 }),
      ...(command === "export verl" && { rows: 1 }),
      ...(command === "benchmark" && { limit: 2, ...(options.avgAt && { avgAt: 1 }) }),
      // The controls are tried on another one.
      ...(command === "benchmark" &&
        /^(hunt|relate)/.test(options.folders?.[0] ?? "") && { limit: 1, control: "none" }),
      // A run for each of two seeds, each in a process of its own.
      ...(command === "sweep" &&
        !isPlanned && {
          folders: options.folders!.map((axis) =>
            axis.replace(/(\d+)\.\.\d+/, (_, first) => `${first}..${Number(first) + 1}`).replace(/,.*/, ""),
          ),
        }),
      // One of several: the tests of the command try all.
      ...(command === "fuzz" && { folders: [options.folders?.[0] ?? "parquet"] }),
      // Of three dtypes one: the tests of graphs have all.
      ...(command === "export" && options.as === "onnx" && { dtypes: options.dtypes ?? "fp32" }),
      ...(command === "parity" && options.folders && { folders: options.folders.slice(0, 1) }),
      ...(["bench", "fuzz"].includes(command) && { seconds: 1 }),
    },
  };
}

/** What a line asks for here, and null where it asks for help. @throws Error where it is not understood */
function requestOf(line: string): Request | null {
  const words = line
    .replaceAll("http://127.0.0.1:18901/v1", servers.judge.url)
    .replaceAll("http://127.0.0.1:8000/v1", servers.policy.url)
    .replaceAll("./examples/", `${root}examples/`)
    .replaceAll(" test/golden", ` ${root}test/golden`)
    // The vocabulary of those texts is Qwen's, and too large to be kept with the tests.
    .replace(/(--text .*--tokenizer )\S+/, (_, before: string) => before + vocabulary);
  const parsed = parseArguments(wordsOf(words));
  if (parsed.help) return null;
  // There is no Python with verl here; test/golden/verl has what it made.
  if (parsed.command === "export verl" && parsed.options.check !== undefined) return null;
  // One is made; of the others the plan.
  const isPlanned = parsed.command === "sweep" && [...done.keys()].some((key) => key.startsWith('["sweep"'));
  return reduced(isPlanned ? { ...parsed, options: { ...parsed.options, dryRun: true } } : parsed);
}

/** Does it in the current folder. Resolves to what it printed. @throws Error where it does */
async function run(request: Request): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await runCommand(request, {
    terminal: { print: (text) => lines.push(text), progress: () => {} },
    openPlatform: openDenoPlatform,
    openSession: async (...given) => {
      const session = await openGpuSession(...given);
      // A step of the warm start takes a processor minutes: the model is written as it begins.
      return request.command === "warmup" ? Object.assign(session, { warmup: async function* () {} }) : session;
    },
    // test/kernels.test.ts compiles them.
    compileKernels: async function* () {},
    compilers: async () => [],
    stopping: () => false,
    untilStopped: () => (request.command === "serve" ? Promise.resolve() : new Promise(() => {})),
    dist: `${base}/template`,
  });
  return { code, lines };
}

/** What was done, and where its output lies: the same in another document, or into another folder, makes the same. */
const done = new Map<string, string>();
const keyOf = ({ command, changes, options }: Request): string =>
  JSON.stringify([command, { preset: "needle", ...changes }, { ...options, out: undefined }]);

/** Carries a line out, or takes over what it made before. Resolves to what went wrong, and null where nothing did. */
async function carryOut(line: string): Promise<string | null> {
  try {
    await withRuns(line);
    const request = requestOf(line);
    if (request === null) return null;
    const { out } = request.options;
    const before = done.get(keyOf(request));
    if (before !== undefined) {
      if (out !== undefined) await copy(before, out);
      return null;
    }
    const { code, lines } = await run(request);
    if (code === 0) done.set(keyOf(request), `${Deno.cwd()}/${out}`);
    return code === 0 ? null : `${line} ended with ${code}: ${lines.slice(-8).join(" | ")}`;
  } catch (error) {
    return `${line}: ${(error as Error).message}`;
  }
}

/** Folders of runs that a document uses and another one made. */
async function withRuns(line: string): Promise<void> {
  for (const [, path = ""] of line.matchAll(/(?:--from|--resume|logs|inspect|rejudge) (runs\/\w+)/g))
    if (!existsSync(path)) await copy(`${base}/template/runs/first`, path);
}

/** A file, or a folder with all below it. */
async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return Deno.writeFile(to, await Deno.readFile(from));
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

/** Flags of every command, and those of other programs that the documents name. */
const flagsKnown = new Set([
  ...Object.keys(commands).flatMap((name) => [
    ...knobsOf(name as CommandName).map(kebab),
    ...commands[name as CommandName].flags.map(kebab),
  ]),
  ...["tool", "tasks", "reward", "help", "version", "no-name", "name", "num_generations", "num_iterations"],
  // vLLM's, Vitest's, git's
  ...["allowed-origins", "port"],
  // of an export's check.py
  "stock",
]);

const prefix = "npm run saccade -- ";
const scripts = (JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { scripts: Record<string, string> })
  .scripts;

describe.each(documentsOf(root).map((path) => [path, commandsIn(root + path)] as const))("%s", (path, all) => {
  const own = all
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length))
    .filter((line) => !line.startsWith("parity --text") || existsSync(vocabulary));

  test.runIf(own.length > 0)(
    "every command is carried out",
    async () => {
      const folder = `${base}/${path.replaceAll("/", "-")}`;
      await Deno.mkdir(folder);
      await fillWorkFolder(folder);
      Deno.chdir(folder);
      await Deno.writeTextFile("run_deepeyes_grpo.sh", settingsAs("verl", resolveConfig({ preset: "verl-7b" })));
      const failed: string[] = [];
      for (const line of own) {
        const wrong = await carryOut(line);
        if (wrong !== null) failed.push(wrong);
      }
      expect(failed).toEqual([]);
    },
    600_000,
  );

  test("other programs are scripts of package.json, examples that are run, or named here", () => {
    for (const line of all.filter((one) => !one.startsWith(prefix))) {
      const script = /^npm (?:run )?(start|test|[a-z:]+)/.exec(line)?.[1];
      const example = /^npx deno run -A (examples\/\w+\.ts)/.exec(line)?.[1];
      const isThere = script !== undefined ? script in scripts : example !== undefined && existsSync(root + example);
      // Of others, which cannot be started here.
      expect(
        isThere ||
          /^(vllm serve|npm (ci|install)|git clone|cd saccade|python3 -m (venv|verl)|pip install "verl|GPUS=\d bash run.sh)/.test(
            line,
          ),
        line,
      ).toBe(true);
    }
  });

  test("flags in its text exist", () => {
    const text = readFileSync(root + path, "utf8").replace(/^```[\s\S]*?^```/gm, "");
    const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
    const named = spans.flatMap((span) => [...span.matchAll(/(?:^|\s)--([a-z][\w-]*)/g)].map(([, flag = ""]) => flag));
    // Messages name flags of servers as well.
    if (!/troubleshooting/.test(path))
      expect(named.filter((flag) => !flagsKnown.has(flag) && !flagsKnown.has(flag.replace(/^no-/, "")))).toEqual([]);
  });

  test("commands in its text are understood", () => {
    for (const line of inlineCommandsIn(root + path)) expect(() => parseArguments(wordsOf(line)), line).not.toThrow();
  });
});
