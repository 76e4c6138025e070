import type { ShellWord } from "../shell/assignments.ts";
import { type ShellCommand, shellCommands } from "../shell/run.ts";
import { NotUnderstood, shortened } from "../shell/tree.ts";
import { ShellWords } from "../shell/words.ts";

/** The arguments that a text gives to verl's program. */
export interface VerlText {
  /** The words after the program. */
  words: ShellWord[];
  notes: string[];
}

/** Ends the sentences on what is not certain of a script. */
export const whatElse =
  'Instead of the script, give what bash makes of it (bash -x run.sh 2>&1, its line "+ python3 -m verl...") or the .hydra/overrides.yaml of a run';

/**
 * The overrides in a text: a shell script or command, what `bash -x` printed of one, or the `.hydra/overrides.yaml` of a
 * run.
 * @throws Error where there is no command that starts verl, or more than one
 */
export function readVerlText(text: string): VerlText {
  if (/^(\s*(#.*)?\r?\n)*- \S/.test(text)) return { words: hydraOverrides(text), notes: [] };
  if (/^\++ .*(verl|recipe|main_)/m.test(text)) return started(traced(text));
  try {
    if (text.length > largestScript)
      throw new NotUnderstood(1, `the text has ${text.length} letters, and no script has more than ${largestScript}`);
    return started(shellCommands(text));
  } catch (error) {
    if (error instanceof NotUnderstood) throw new Error(`${error.message}. ${whatElse}`);
    throw error;
  }
}

/** Longest script, in characters; the longest public ones have some ten thousand. */
const largestScript = 1_000_000;

/** Programs whose settings mean the same as those of verl.trainer.main_ppo, with notes on them. */
const programs: readonly { name: RegExp; note: string | null }[] = [
  { name: /^verl\.trainer\.main_ppo$|^(.*\/)?verl\/trainer\/main_ppo\.py$/, note: null },
  {
    name: /^recipe\.dapo\.(src\.)?main_dapo$|^(.*\/)?recipe\/dapo\/(src\/)?main_dapo\.py$/,
    note: "is DAPO's: its settings mean the same; its overlong reward (reward_model.overlong_buffer) is not known here",
  },
  {
    name: /^(verl\.experimental|recipe)\.one_step_off_policy\.main_ppo$/,
    note: "trains on rollouts that are one step old, where a step here trains on its own; its settings mean the same else",
  },
];
const onlyPpo = programs[0]!.name;

/** Programs that are started like trainers but do no reinforcement learning. */
const noTrainer = /main_(generation|eval)\w*(\.py)?$/;

/** Commands that pass their words on unchanged. */
const launchers =
  /^(.*\/)?(python[\d.]*|torchrun|accelerate|deepspeed|nohup|env|exec|command|time|srun|mpirun|mpiexec|numactl|taskset|nice|ionice|stdbuf|timeout|setsid|sudo|uv|poetry|pipenv|conda|mamba|micromamba|pixi|ray|docker|podman|singularity|apptainer|nsys|ncu|xvfb-run)$/;
/** Commands that read their words again as a script. */
const readAgain = /^(eval|bash|sh|zsh|ssh|su|xargs|parallel|screen|tmux|source|\.)$/;

/** Where a program's name stands among the words of a command; -1 where it starts none. */
function programAt(words: readonly ShellWord[]): number {
  return words.findIndex(({ text, unknown }, i) => {
    if (unknown !== null) return false;
    const isModule = words[i - 1]?.text === "-m" && /^[\w.]+$/.test(text);
    const last = text.split(/[./]/).at(text.endsWith(".py") ? -2 : -1)!;
    return (isModule || /^[^=\s]*\.py$/.test(text)) && /^main_|_main$/.test(last) && !noTrainer.test(text);
  });
}

function started(commands: readonly ShellCommand[]): VerlText {
  const all = commands.map((command) => ({ command, at: programAt(command.words) })).filter(({ at }) => at >= 0);
  const hidden = commands.filter(({ words }) => {
    const first = words[0]?.text ?? "";
    return readAgain.test(first) && words.some(({ source, text }) => /main_(ppo|dapo)/.test(source + text));
  });
  const known = all.filter(({ command, at }) => programs.some(({ name }) => name.test(command.words[at]!.text)));
  const used = known.length > 0 ? known : all;
  const [only] = used;
  if (!only) {
    if (hidden[0]) throw new NotUnderstood(hidden[0].line, `${commandStart(hidden[0])} is read by another shell`);
    const unsure = commands.find(({ words }) =>
      words.some((word, i) => word.unknown !== null && words[i - 1]?.text === "-m"),
    );
    if (unsure) throw new NotUnderstood(unsure.line, `which program ${commandStart(unsure)} starts is not certain`);
    throw new Error(
      'Expected a command such as "python3 -m verl.trainer.main_ppo data.train_batch_size=128", found none in the text',
    );
  }
  const lines = [...used.map(({ command }) => command.line), ...hidden.map(({ line }) => line)];
  if (lines.length > 1)
    throw new NotUnderstood(
      lines[0]!,
      `more than one command starts verl (lines ${lines.join(", ")}); leave the one that is meant`,
    );
  const { command, at } = only;
  const { line, words } = command;
  const program = words[at]!.text;
  const found = programs.find(({ name }) => name.test(program));
  if (!found)
    throw new NotUnderstood(
      line,
      `${program} is another program than verl.trainer.main_ppo, and its settings are not known to mean the same`,
    );
  const first = words[0]!;
  if (command.function !== null)
    throw new NotUnderstood(line, `${command.function} is a function of the script, which may change the words`);
  if (first.unknown === null && at > 0 && first.text !== "" && !launchers.test(first.text))
    throw new NotUnderstood(line, `${shortened(first.source)} is not known to start a program`);
  const isRay =
    words.slice(0, at).some(({ text }) => text === "ray") && words.slice(0, at).some(({ text }) => text === "job");
  const after = words.slice(at + 1).map((word) => (isRay ? readByRay(word) : word));
  const notes = [
    ...(onlyPpo.test(program) ? [] : [`line ${line}: ${program} ${found.note}`]),
    ...(command.within === null
      ? []
      : [`line ${line}: the command stands in ${command.within}, and is read as if it were executed`]),
    ...(command.cutByComment === null
      ? []
      : [
          `line ${command.cutByComment}: a comment ends the command here, as in bash; what follows is not handed to verl`,
        ]),
    ...others(all, line),
  ];
  return { words: after, notes };
}

function others(all: readonly { command: ShellCommand; at: number }[], line: number): string[] {
  return all
    .filter(({ command }) => command.line !== line)
    .map(
      ({ command, at }) => `line ${command.line}: ${command.words[at]!.text} is started too; its settings are not read`,
    );
}

/** `ray job submit` joins the words to a text, which a shell reads again. */
function readByRay(word: ShellWord): ShellWord {
  if (word.unknown !== null || !/[$`\\;&|<>()*?{}#~\n]/.test(word.text)) return word;
  return { ...word, unknown: "ray hands it to another shell, which reads it again" };
}

const commandStart = ({ words }: ShellCommand): string => shortened(words.map(({ source }) => source).join(" "));

/** The commands that `bash -x` printed, with their words expanded. */
function traced(text: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  const reader = new ShellWords(text, () => {
    throw reader.fail("bash -x prints no such thing");
  });
  for (const { index, 0: start } of text.matchAll(/^\++ (?=.*main)/gm)) {
    reader.at = index + start.length;
    const line = reader.line();
    const words: ShellWord[] = [];
    for (;;) {
      while (text[reader.at] === " ") reader.at++;
      if (!reader.beginsWord()) break;
      const { parts, source } = reader.word();
      const isPlain = parts.every((part) => part.kind === "text");
      const whole = parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
      const unknown = isPlain ? null : "bash -x prints no such thing";
      words.push({ text: whole, unknown, isOpen: false, notes: [], line, source });
    }
    // Assignments for its environment may precede a program.
    while (/^\w+=/.test(words[0]?.text ?? "")) words.shift();
    commands.push({ line, words, within: null, function: null, cutByComment: null });
  }
  return commands;
}

/** A YAML list of texts, as hydra writes it. @throws NotUnderstood for what it does not write */
function hydraOverrides(text: string): ShellWord[] {
  const items: { line: number; text: string }[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.startsWith("- ")) items.push({ line: i + 1, text: line.slice(2) });
    // A long text continues on the next line, with one blank between.
    else if (/^\s+\S/.test(line) && items.length > 0) items.at(-1)!.text += ` ${line.trim()}`;
    else if (!/^\s*(#.*)?$/.test(line))
      throw new NotUnderstood(i + 1, `expected "- name=value", found "${shortened(line)}"`);
  }
  return items.map(({ line, text: source }) => ({
    text: yamlText(source.trim(), line),
    unknown: null,
    isOpen: false,
    notes: [],
    line,
    source,
  }));
}

function yamlText(source: string, line: number): string {
  if (source.startsWith("'")) {
    const inner = /^'((?:[^']|'')*)'$/.exec(source)?.[1];
    if (inner !== undefined) return inner.replaceAll("''", "'");
  } else if (source.startsWith('"')) {
    try {
      return JSON.parse(source) as string;
    } catch {
      // Reported below.
    }
  } else if (!/^[[{&*!|>%@`]/.test(source) && !/ #|: /.test(source)) return source;
  throw new NotUnderstood(line, `${shortened(source)} is not a text as hydra writes it`);
}
