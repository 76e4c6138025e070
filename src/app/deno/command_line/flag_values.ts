import { nearest } from "../../../train/config.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import { type CommandName, commands, type FlagName, flagOf, flags, kebab, knobsOf } from "./command_table.ts";

/** Whether a knob or flag is one that needs no value. */
export function isSwitch(key: string | undefined): boolean {
  if (key === undefined) return false;
  return key in knobs ? knobs[key as keyof RunConfig].kind === "boolean" : flags[key as FlagName].kind === "switch";
}

/** The sentence for a flag that a command does not have. */
export function unknownFlag(command: CommandName, written: string, known: string[]): string {
  if (written === "policy-onnx" && (command === "train" || command === "sweep"))
    return `saccade ${command} trains no ONNX graphs (--policy-onnx), which give no gradients: name the repository with the model.safetensors that they were made from, with --model`;
  const elsewhere = Object.keys(commands).filter((name) =>
    [...knobsOf(name as CommandName), ...commands[name as CommandName].flags].some((key) => kebab(key) === written),
  );
  if (elsewhere.length > 0)
    return `saccade ${command} has no flag --${written}, which belongs to ${elsewhere.join(", ")}; see saccade ${command} --help`;
  if (known.length === 0) return `saccade ${command} takes no flags, found --${written}`;
  return `There is no flag --${written}; did you mean --${nearest(written, known)}? See saccade ${command} --help`;
}

/** Errors of knobs name `learningRate`; the command line has `--learning-rate`. */
export function inFlagTerms<T>(key: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error((error as Error).message.replace(new RegExp(`^${key}\\b`), `--${kebab(key)}`));
  }
}

/** The value of a flag that is not a knob. @throws Error that says what it should be */
export function flagValue(command: CommandName, name: FlagName, value: string): string | number | boolean {
  const flag = flagOf(command, name);
  switch (flag.kind) {
    case "choice":
      if (!flag.choices!.includes(value))
        throw new Error(`--${kebab(name)} must be one of ${flag.choices!.join(", ")}, found "${value}"`);
      return value;
    case "path":
      if (value === "")
        throw new Error(`--${kebab(name)} needs the path of a ${flag.value === "FILE" ? "file" : "folder"}`);
      return value;
    case "text":
      if (value.trim() === "") throw new Error(`--${kebab(name)} needs a value: ${flag.line}`);
      return value;
    case "switch":
      if (value !== "true" && value !== "false")
        throw new Error(`--${kebab(name)} must be true or false, found "${value}"`);
      return value === "true";
    default: {
      const number = Number(value);
      const max = name === "port" ? 65535 : 1e9;
      if (value.trim() === "" || !Number.isInteger(number) || number < 1 || number > max)
        throw new Error(`--${kebab(name)} must be a whole number from 1 to ${max}, found "${value}"`);
      return number;
    }
  }
}
