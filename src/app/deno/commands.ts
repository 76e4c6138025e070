import { JudgeFailure } from "../../reward/connection/failure.ts";
import type { Options, Parsed } from "./arguments.ts";
import { compileCommand } from "./compile_command.ts";
import { evaluate } from "./eval_command.ts";
import { exitCodes } from "./exit_codes.ts";
import { exportCommand } from "./export_command.ts";
import { judgeCommand } from "./judge_command.ts";
import { withAsked, withSession } from "./open_session.ts";
import { parityCommand } from "./parity_command.ts";
import { conformanceCommand, imagesCommand, textCommand } from "./reference_commands.ts";
import { rollout } from "./rollout_command.ts";
import { serveCommand } from "./serve_command.ts";
import { settingsCommand } from "./settings_command.ts";
import { Stopped, type Surroundings } from "./surroundings.ts";
import { trainCommand } from "./train_command.ts";
import { warmupCommand } from "./warmup_command.ts";

type Request = Extract<Parsed, { help: false }>;

/** Does what a command line asks for. Returns the exit code. @throws Error with a sentence for people. */
export async function runCommand(request: Request, around: Surroundings): Promise<number> {
  try {
    return await dispatch(request, around);
  } catch (error) {
    // What was cut off by the person has not failed.
    if (around.stopping() && isCutOff(error)) return exitCodes.interrupted;
    throw error;
  }
}

const isCutOff = (error: unknown): boolean =>
  error instanceof Stopped || (error instanceof JudgeFailure && error.kind === "aborted");

async function dispatch({ command, changes, options }: Request, around: Surroundings): Promise<number> {
  switch (command) {
    case "train":
      return trainCommand(changes, options, around);
    case "warmup":
      return warmupCommand(changes, options, around);
    case "eval":
      return withAsked(changes, options, around, (session, step, _, asked) =>
        evaluate(session, step, asked, options, around),
      );
    case "rollout":
      return withAsked(changes, options, around, (session, _, config) => rollout(session, config, options, around));
    case "export":
      return exportCommand(changes, options, around);
    case "compile":
      return compileCommand(around);
    case "parity":
      return parity(options, around);
    case "conformance":
      return conformanceCommand(options.folders!, around);
    case "data":
      // Only this command reads parquet.
      return (await import("./data_command.ts")).dataCommand(changes, options, around);
    case "judge":
      return judgeCommand(changes, options, around);
    case "benchmark":
      return (await import("./benchmark_command.ts")).benchmarkCommand(changes, options, around, withSession);
    case "bench":
      // Only this command measures.
      return (await import("./bench_command.ts")).benchCommand(changes, options, around);
    case "logs":
      // Only this command writes parquet.
      return (await import("./logs_command.ts")).logsCommand(options, around);
    case "settings":
      return settingsCommand(changes, options, around);
    case "fuzz":
      // Only this command reads everything.
      return (await import("./fuzz_command.ts")).fuzzCommand(changes, options, around);
    case "serve":
      return serveCommand(options, around);
  }
}

async function parity(
  { folders = [], images, text, tokenizer, plain = false }: Options,
  around: Surroundings,
): Promise<number> {
  const codes = [
    images === undefined ? exitCodes.done : await imagesCommand(images, around),
    text === undefined ? exitCodes.done : await textCommand(text, tokenizer, around),
    folders.length === 0 ? exitCodes.done : await parityCommand(folders, plain, around),
  ];
  return Math.max(...codes);
}
