import { Assignments, type ShellWord } from "./assignments.ts";
import {
  attributed,
  commandWords,
  declarers,
  type Effects,
  effectsOf,
  effectsOfBuiltin,
  effectsOfCommand,
  functionsOf,
  merged,
  plainText,
  unboundedBy,
} from "./effects.ts";
import { parseShell } from "./syntax.ts";
import {
  type Command,
  isAssignment,
  NotUnderstood,
  type Sequence,
  type SimpleCommand,
  type Statement,
  shortened,
  type Word,
} from "./tree.ts";
import { calculatesText } from "./values.ts";
import { Variables } from "./variables.ts";

/** A command that a script executes, or may execute. */
export interface ShellCommand {
  line: number;
  words: ShellWord[];
  /** "an if (line 3)" where something decides whether, or how often, it is executed. */
  within: string | null;
  /** The function of the script that is called; null for programs. */
  function: string | null;
  /** Line of a comment that ended the command where a line was to be continued. */
  cutByComment: number | null;
}

/**
 * The commands of a bash text, with what is certain of their words. Nothing is executed: variables that are set in a
 * condition, a loop or a function become unknown, and so does the output of a program.
 * @throws NotUnderstood where the text is not bash, or changes how bash reads
 */
export function shellCommands(text: string): ShellCommand[] {
  const other = /^#!.*\b(zsh|fish|t?csh|ksh|python\S*|perl|ruby|node|pwsh)\b/.exec(text)?.[1];
  if (other) throw new NotUnderstood(1, `it is a script of ${other}, not of bash`);
  const zero = text.indexOf("\0");
  if (zero >= 0) throw new NotUnderstood(text.slice(0, zero).split("\n").length, "a NUL stands in it");
  const carriage = text.indexOf("\r");
  if (carriage >= 0) {
    const line = text.slice(0, carriage).split("\n").length;
    throw new NotUnderstood(
      line,
      "the line ends with CR LF, and bash takes the CR into the words; convert the file (sed -i 's/\\r$//' run.sh)",
    );
  }
  const script = parseShell(text);
  const interpreter = new Interpreter(script);
  interpreter.sequence(script, new Variables(), null);
  return interpreter.found;
}

/** Options of "set" that do not change how words are read. */
const harmless = /^([-+][euxvETh]*o?|pipefail|errexit|nounset|xtrace|verbose|errtrace|functrace)$/;

/** Goes through a script in the order in which bash would, without executing anything. */
class Interpreter {
  readonly found: ShellCommand[] = [];
  private readonly functions: ReadonlyMap<string, Effects>;
  /** Variables that any function may set, and that the whole script may. */
  private readonly ofFunctions: Effects;
  private readonly whole: Effects;
  private readonly assignments: Assignments;

  constructor(script: Sequence) {
    this.functions = functionsOf(script);
    this.ofFunctions = merged(this.functions.values());
    this.whole = effectsOf(script);
    this.assignments = new Assignments(attributed(script));
  }

  /** False once the script has certainly ended. */
  sequence(all: Sequence, variables: Variables, within: string | null): boolean {
    for (const statement of all) if (!this.statement(statement, variables, within)) return false;
    return true;
  }

  private statement(statement: Statement, variables: Variables, within: string | null): boolean {
    const { pipelines, operators, line } = statement;
    if (statement.background) {
      this.statement({ ...statement, background: false }, variables.copy(), within);
      return true;
    }
    // What follows "&&" is executed for certain where nothing before it can fail.
    let certain = 1;
    while (operators[certain - 1] === "&&" && pipelines[certain - 1]!.every(cannotFail)) certain++;
    for (const pipeline of pipelines.slice(0, certain)) if (!this.pipeline(pipeline, variables, within)) return false;
    const rest = pipelines.slice(certain);
    if (rest.length === 0) return true;
    const effects = merged(rest.flat().map(effectsOfCommand));
    const why = `&& or || (line ${line}) decides whether it is set`;
    const inside = variables.copy();
    for (const [i, pipeline] of rest.entries()) {
      // After "||" any part before may have been left out.
      const hasOr = operators.slice(0, certain + i).includes("||");
      if (hasOr) forget(inside, effects, why);
      this.pipeline(pipeline, inside, hasOr ? (within ?? `|| (line ${line})`) : within);
    }
    forget(variables, effects, why);
    return true;
  }

  private pipeline(pipeline: Command[], variables: Variables, within: string | null): boolean {
    if (pipeline.length === 1) return this.command(pipeline[0]!, variables, within);
    // Each part is a process of its own.
    for (const command of pipeline) this.command(command, variables.copy(), within);
    return true;
  }

  private command(command: Command, variables: Variables, within: string | null): boolean {
    const { line } = command;
    switch (command.kind) {
      case "simple":
        return this.simple(command, variables, within);
      case "group":
        return this.sequence(command.body, variables, within);
      case "subshell":
        this.sequence(command.body, variables.copy(), within);
        return true;
      case "expression":
        this.substitutions(command.words, variables, within);
        if (calculatesText(command.reads, variables)) variables.forgetAll(`a calculation (line ${line}) may set it`);
        forget(variables, effectsOfCommand(command), `it is calculated in line ${line}`);
        return true;
      case "function":
        this.function(command.name, command.body, variables);
        return true;
      default: {
        const place = `${command.word} (line ${line})`;
        const effects = effectsOfCommand(command);
        const before = variables.copy();
        this.substitutions(command.words, before, within);
        // Every condition before a branch may have been evaluated; a loop reads again what it set.
        if (command.kind === "loop" || command.kind === "case") forget(before, effects, `${place} sets it`);
        else
          for (const body of command.bodies.slice(0, -1))
            if (isCondition(command.bodies, body)) forget(before, effectsOf(body), `${place} sets it`);
        for (const body of command.bodies) this.sequence(body, before.copy(), within ?? place);
        forget(variables, effects, `${place} sets it`);
        return true;
      }
    }
  }

  private function(name: string, body: Command, variables: Variables): void {
    const effects = effectsOfCommand(body);
    // It may be called at any later time, and more than once.
    const inside = variables.copy();
    const place = `the function ${name} (line ${body.line})`;
    forget(inside, effects, `${place} sets it`);
    const { whole } = this;
    for (const [variable, { line, mayHoldSpaces }] of whole.names)
      if (line >= body.line)
        inside.forget(variable, `it is set in line ${line}, and ${place} may be called later`, mayHoldSpaces);
    if (whole.anything && whole.anything.line >= body.line) inside.forgetAll(whole.anything.why);
    inside.isInFunction = true;
    inside.positional = `it is what ${place} is called with`;
    this.command(body, inside, place);
  }

  private simple(command: SimpleCommand, variables: Variables, within: string | null): boolean {
    const { assignments, words, line, cutByComment } = command;
    this.substitutions(
      [...assignments, ...words].flatMap((word) => (isAssignment(word) ? word.value : [word])),
      variables,
      within,
    );
    if (words.length === 0) {
      for (const assignment of assignments) this.assignments.assign(assignment, variables);
      return true;
    }
    const fields = this.assignments.fields(words, variables);
    const plain = words.map(plainText);
    // The name of a program may come from a variable of the text.
    const isKnown = fields[0] !== undefined && fields[0].unknown === null && fields[0].text !== "";
    if (isKnown) plain[0] = fields[0]!.text;
    plain.splice(0, plain.length, ...commandWords(plain));
    const first = plain[0] ?? "";
    if (
      first === "let" &&
      calculatesText(
        plain
          .slice(1)
          .join(" ")
          .match(/[A-Za-z_]\w*/g) ?? [],
        variables,
      )
    )
      variables.forgetAll(`let (line ${line}) may set it`);
    const isCall = this.functions.has(first);
    // One function may call another.
    if (isCall) forget(variables, this.ofFunctions, `a function called in line ${line} may set it`);
    if (declarers.test(first) && unboundedBy(plain) === null) {
      this.assignments.declare(first, words, variables);
      return true;
    }
    if (first === "set" || first === "shopt") this.setOptions(first, plain, variables, line);
    if (first === "shift") variables.positional = `shift (line ${line}) moves it`;
    this.found.push({ line, words: fields, within, function: isCall ? first : null, cutByComment });
    if (first === "unset" && plain.slice(1).every((word) => /^[A-Za-z_]\w*$/.test(word))) {
      for (const name of plain.slice(1)) variables.set(name, { kind: "unset" });
      return true;
    }
    const effects = effectsOfBuiltin(command);
    const isHarmless = isKnown && unboundedBy(plain) === null;
    forget(
      variables,
      isHarmless ? { ...effects, anything: null } : effects,
      `${shortened(first)} (line ${line}) may set it`,
    );
    // Where the word expands to nothing, the assignment before it stays in force.
    if (!isKnown)
      for (const { name } of assignments)
        variables.forget(name, `it stands before ${shortened(first)} (line ${line})`, true);
    return !(first === "exit" || (first === "exec" && words.length > 1)) || within !== null;
  }

  /** @throws NotUnderstood where a command changes how words are read */
  private setOptions(first: string, plain: readonly string[], variables: Variables, line: number): void {
    let isName = false;
    for (const word of plain.slice(1)) {
      const isOption = /^[-+]./.test(word) && word !== "--";
      if (first === "set" && !isOption && !isName) {
        variables.positional = `set (line ${line}) sets it`;
        return;
      }
      if (first === "shopt" || !harmless.test(word))
        throw new NotUnderstood(line, `${first} ${word} changes how bash reads what follows`);
      isName = isOption && word.endsWith("o");
    }
  }

  /** Commands in "$( )" are executed too, in a process of their own. */
  private substitutions(words: readonly Word[], variables: Variables, within: string | null): void {
    for (const { parts } of words)
      for (const part of parts) {
        if (part.kind === "dynamic" && part.commands.length > 0) this.sequence(part.commands, variables.copy(), within);
      }
  }
}

/** Whether a body is a condition of an "if": each is followed by its branch. */
const isCondition = (bodies: readonly Sequence[], body: Sequence): boolean => bodies.indexOf(body) % 2 === 0;

/** Assignments and builtins that always succeed, without a command substitution in them. */
const cannotFail = ({ kind, ...command }: Command): boolean => {
  if (kind !== "simple") return false;
  const { assignments, words } = command as SimpleCommand;
  return (
    (words.length === 0 || /^(export|:|true|echo)$/.test(plainText(words[0]!))) &&
    [...assignments, ...words]
      .flatMap((word) => (isAssignment(word) ? word.value : [word]))
      .every(({ parts }) =>
        parts.every((part) => part.kind === "text" || (part.kind === "variable" && part.operator === "")),
      )
  );
};

function forget(variables: Variables, { names, anything }: Effects, why: string): void {
  if (anything) variables.forgetAll(anything.why);
  for (const [name, { mayHoldSpaces }] of names) variables.forget(name, why, mayHoldSpaces);
}
