import { ServerFailure } from "../../../connection/failure.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { Options, Request } from "../command_line/arguments.ts";
import { type CommandContext, Stopped } from "../command_line/command_context.ts";
import { exitCodes } from "../command_line/exit_codes.ts";
import { compileCommand } from "./compile_command.ts";
import { evaluate } from "./eval_command.ts";
import { exportCommand } from "./export_command.ts";
import { judgeCommand } from "./judge_command.ts";
import { withAsked, withRolling } from "./open_session.ts";
import { parityCommand } from "./parity_command.ts";
import { conformanceCommand, imagesCommand, textCommand } from "./reference_commands.ts";
import { rollout } from "./rollout_command.ts";
import { serveCommand } from "./serve_command.ts";
import { settingsCommand } from "./settings_command.ts";
import { trainCommand } from "./train_command.ts";
import { warmupCommand } from "./warmup_command.ts";

/** Does what a command line asks for. Returns the exit code. @throws Error with a sentence for people. */
export async function runCommand(request: Request, context: CommandContext): Promise<number> {
  try {
    return await dispatch(request, context);
  } catch (error) {
    // What the person interrupted has not failed.
    if (context.stopping() && isInterrupted(error)) return exitCodes.interrupted;
    throw error;
  }
}

const isInterrupted = (error: unknown): boolean =>
  error instanceof Stopped || (error instanceof ServerFailure && error.kind === "aborted");

async function dispatch(request: Request, context: CommandContext): Promise<number> {
  const { command, changes, options } = request;
  switch (command) {
    case "train":
      return trainCommand(changes, options, context);
    case "sweep":
      // Only this command starts others.
      return (await import("./sweep_command.ts")).sweepCommand(request, context);
    case "warmup":
      return warmupCommand(changes, options, context);
    case "eval":
      return withAsked(changes, options, context, (session, step, _, { asked }) =>
        evaluate(session, { step, asked }, options, context),
      );
    case "rollout":
      return withAsked(changes, options, context, (session, _, config) => rollout(session, config, options, context));
    case "export":
      return exportCommand(changes, options, context);
    case "export verl":
      // Only this command reads and writes files of verl.
      return (await import("./export_verl_command.ts")).exportVerlCommand(changes, options, context);
    case "compile":
      return compileCommand(context);
    case "parity":
      return parity(changes, options, context);
    case "conformance":
      return conformanceCommand(options.folders!, context);
    case "data":
      // Only this command reads parquet.
      return (await import("./data_command.ts")).dataCommand(changes, options, context);
    case "judge":
      return judgeCommand(changes, options, context);
    case "benchmark":
      return (await import("./benchmark_command.ts")).benchmarkCommand(changes, options, context, withRolling);
    case "bench":
      // Only this command measures.
      return (await import("./bench_command.ts")).benchCommand(changes, options, context);
    case "logs":
      // Only this command writes parquet.
      return (await import("./logs_command.ts")).logsCommand(options, context);
    case "inspect":
      // Only this command reads headers without loading.
      return (await import("./inspect_command.ts")).inspectCommand(options, context);
    case "pack":
      return (await import("./pack_command.ts")).packCommand(options, context);
    case "unpack":
      return (await import("./unpack_command.ts")).unpackCommand(changes, options, context);
    case "settings":
      return settingsCommand(changes, options, context);
    case "fuzz":
      // Only this command reads everything.
      return (await import("./fuzz_command.ts")).fuzzCommand(changes, options, context);
    case "serve":
      return serveCommand(options, context);
  }
}

async function parity(changes: Partial<RunConfig>, options: Options, context: CommandContext): Promise<number> {
  const { folders = [], images, text, tokenizer, plain = false, onnx } = options;
  // Only with this is onnxruntime loaded.
  if (onnx !== undefined) return (await import("./parity_onnx.ts")).parityOnnx(changes, options, context);
  const codes = [
    images === undefined ? exitCodes.done : await imagesCommand(images, context),
    text === undefined ? exitCodes.done : await textCommand(text, tokenizer, context),
    folders.length === 0 ? exitCodes.done : await parityCommand(folders, plain, context),
  ];
  return Math.max(...codes);
}
