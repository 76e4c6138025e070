import { calculated } from "./arithmetic.ts";
import {
  type Assignment,
  type Command,
  isAssignment,
  NotUnderstood,
  type Part,
  type Sequence,
  type SimpleCommand,
  type Word,
} from "./tree.ts";

/** Variables that a part of a script may set, executed or not. */
export interface Effects {
  /** By name: the line, and whether a value may hold blanks. */
  names: Map<string, { line: number; mayHoldSpaces: boolean }>;
  /** Why any variable may be set, and the last line where; null where only those named are. */
  anything: { why: string; line: number } | null;
}

/** Commands whose words may name variables that they set. */
const setters = /^(read|mapfile|readarray|getopts|let|unset|printf|wait)$/;
export const declarers = /^(export|declare|typeset|local|readonly)$/;
const unbounded = /^(eval|source|\.)$/;

export function effectsOf(sequence: Sequence): Effects {
  const effects: Effects = { names: new Map(), anything: null };
  for (const { pipelines } of sequence) for (const command of pipelines.flat()) addCommand(effects, command);
  return effects;
}

export function effectsOfCommand(command: Command): Effects {
  const effects: Effects = { names: new Map(), anything: null };
  addCommand(effects, command);
  return effects;
}

function merge(into: Effects, { names, anything }: Effects): void {
  for (const [name, found] of names) add(into, name, found.line, found.mayHoldSpaces);
  if (anything && anything.line >= (into.anything?.line ?? 0)) into.anything = anything;
}

function add({ names }: Effects, name: string, line: number, mayHoldSpaces: boolean): void {
  const before = names.get(name);
  names.set(name, { line, mayHoldSpaces: mayHoldSpaces || (before?.mayHoldSpaces ?? false) });
}

function addCommand(effects: Effects, command: Command): void {
  switch (command.kind) {
    case "simple":
      addSimple(effects, command);
      return;
    case "group":
    case "subshell":
      merge(effects, effectsOf(command.body));
      return;
    case "function":
      addCommand(effects, command.body);
      return;
    case "expression":
      for (const name of command.sets) add(effects, name, command.line, false);
      if (command.isOpen)
        effects.anything = { why: `a calculation (line ${command.line}) may set it`, line: command.line };
      for (const word of command.words) addParts(effects, word.parts, word.line);
      return;
    default:
      for (const name of command.sets)
        add(effects, name, command.line, /\s/.test(command.words.map((w) => w.source).join("")));
      for (const word of command.words) addParts(effects, word.parts, word.line);
      for (const body of command.bodies) merge(effects, effectsOf(body));
  }
}

function addSimple(effects: Effects, command: SimpleCommand): void {
  for (const word of [...command.assignments, ...command.words]) {
    if (isAssignment(word)) addAssignment(effects, word);
    else addParts(effects, word.parts, word.line);
  }
  merge(effects, effectsOfBuiltin(command));
}

/** The words from the executed command on, without "builtin" and "command" before it. */
export function commandWords(words: readonly string[]): string[] {
  let rest = [...words];
  while (rest[0] === "builtin" || rest[0] === "command") {
    rest = rest.slice(1);
    while (/^-[pvV-]+$/.test(rest[0] ?? "")) rest = rest.slice(1);
  }
  return rest;
}

/** Variables that a builtin sets itself, without its assignments and expansions. */
export function effectsOfBuiltin({ words, line }: SimpleCommand): Effects {
  const effects: Effects = { names: new Map(), anything: null };
  const plain = commandWords(words.map(plainText));
  const [first = "", ...rest] = plain;
  const why = unboundedBy(plain);
  if (why !== null) effects.anything = { why: `${why} (line ${line}) may set it`, line };
  // printf only prints unless it is given a name.
  if (first === "printf" && !rest.some((word) => word.startsWith("-v"))) return effects;
  if (setters.test(first) || declarers.test(first))
    for (const name of rest.join(" ").match(/[A-Za-z_]\w*/g) ?? [])
      if (!declarers.test(first)) add(effects, name, line, first === "read");
  return effects;
}

/** The command by which any variable may be set, null where none can. */
export function unboundedBy(plain: readonly string[]): string | null {
  const [first = "", ...rest] = plain;
  if (unbounded.test(first)) return `${first} ${rest[0] ?? ""}`.trim();
  // The variable may hold the name of one of these.
  if (/[$`]/.test(first)) return first;
  // The name of the variable that is set is itself in a variable.
  if (/^(read|mapfile|readarray|getopts|let|unset|wait)$/.test(first) && rest.some((word) => /[$`]/.test(word)))
    return `${first} ${rest.join(" ")}`.slice(0, 40);
  if (
    first === "printf" &&
    rest.some((word, i) => (/^-v./.test(word) ? /[$`]/.test(word) : rest[i - 1] === "-v" && /[$`]/.test(word)))
  )
    return "printf -v";
  // An index in a name is evaluated.
  if (/^(test|\[)$/.test(first) && rest.includes("-v") && rest.some((word) => /[$`]/.test(word))) return `${first} -v`;
  if (first === "trap" && rest.some((word) => /^(DEBUG|ERR|RETURN)$/.test(word))) return "trap";
  if (declarers.test(first) && rest.some((word) => !/^(-[xgrap]+|[A-Za-z_]\w*(\+?=.*)?)$/s.test(word)))
    return `${first} ${rest.join(" ")}`.slice(0, 40);
  return null;
}

function addAssignment(effects: Effects, { name, index, value, line }: Assignment): void {
  for (const set of calculated(index ?? "").sets) add(effects, set, line, false);
  const values = Array.isArray(value) ? value : [value];
  add(effects, name, line, values.length > 1 || values.some(({ source }) => /\s/.test(source)));
  for (const word of values) addParts(effects, word.parts, word.line);
}

function addParts(effects: Effects, parts: readonly Part[], line: number): void {
  for (const part of parts) {
    if (part.kind === "variable") {
      if (part.operator.endsWith("=")) add(effects, part.name, line, true);
      addParts(effects, part.word, line);
    } else if (part.kind === "arithmetic") {
      const { sets, isOpen } = calculated(part.text);
      for (const name of sets) add(effects, name, line, false);
      if (isOpen) effects.anything = { why: `a calculation (line ${line}) may set it`, line };
    } else if (part.kind === "dynamic") {
      // Commands in $( ) set nothing outside of it; an index or an offset is evaluated.
      addParts(effects, part.words, line);
      if (part.source.startsWith("${"))
        for (const name of calculated(part.source).sets) add(effects, name, line, false);
    }
  }
}

/** Variables that expanding these parts may set. */
export function setByExpansion(parts: readonly Part[]): Effects {
  const effects: Effects = { names: new Map(), anything: null };
  addParts(effects, parts, 0);
  return effects;
}

/**
 * Variables declared with attributes (integer, lower case and the like), which change what an assignment stores.
 * @throws NotUnderstood where one is declared as a reference to another
 */
export function attributed(sequence: Sequence): Set<string> {
  const names = new Set<string>();
  eachCommand(sequence, (command) => {
    if (command.kind !== "simple") return;
    const [first = "", ...rest] = command.words.map(plainText);
    if (!declarers.test(first)) return;
    const options = rest.filter((word) => word.startsWith("-"));
    if (options.some((word) => /n/.test(word) && first !== "export"))
      throw new NotUnderstood(command.line, `${first} -n makes one variable another name of a second`);
    if (options.every((word) => /^-[xgrap]+$/.test(word))) return;
    for (const word of rest) names.add(word.replace(/=.*/s, ""));
  });
  return names;
}

/** A word without its quotes where it is plain text, else as it was written. */
export function plainText(word: Word | Assignment): string {
  if (isAssignment(word)) return `${word.name}=`;
  const texts = word.parts.map((part) => (part.kind === "text" ? part.text : null));
  return texts.includes(null) ? word.source : texts.join("");
}

/** What each function of a script may set, wherever it is defined. */
export function functionsOf(sequence: Sequence): Map<string, Effects> {
  const all = new Map<string, Effects>();
  eachCommand(sequence, (command) => {
    if (command.kind !== "function") return;
    const effects = all.get(command.name) ?? { names: new Map(), anything: null };
    addCommand(effects, command.body);
    all.set(command.name, effects);
  });
  return all;
}

/** Visits every command, nested ones too. */
function eachCommand(sequence: Sequence, visit: (command: Command) => void): void {
  const enter = (command: Command): void => {
    visit(command);
    if (command.kind === "function") enter(command.body);
    else if (command.kind === "group" || command.kind === "subshell") eachCommand(command.body, visit);
    else if ("bodies" in command) for (const body of command.bodies) eachCommand(body, visit);
  };
  for (const { pipelines } of sequence) for (const command of pipelines.flat()) enter(command);
}

export const merged = (all: Iterable<Effects>): Effects => {
  const effects: Effects = { names: new Map(), anything: null };
  for (const each of all) merge(effects, each);
  return effects;
};
