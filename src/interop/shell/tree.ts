/** The syntax tree of a bash text; what is not supported is "dynamic", with the reason. Lines count from 1. */

/** A part of a word. Only unquoted parts are split into words or read as patterns. */
export type Part = { quoted: boolean } & (
  | { kind: "text"; text: string }
  | { kind: "variable"; name: string; operator: VariableOperator; word: Part[] }
  /** "${NAME[@]}", "$@" */
  | { kind: "array"; name: string }
  | { kind: "arithmetic"; text: string }
  /** Needs a program to be run, or is not supported; `commands` are those of a substitution. */
  | { kind: "dynamic"; source: string; why: string; commands: Sequence; words: Part[] }
);

/** "" is the plain value. */
export type VariableOperator = "" | ":-" | "-" | ":=" | "=" | ":+" | "+" | ":?" | "?";

export interface Word {
  parts: Part[];
  line: number;
  /** As it was written. */
  source: string;
}

/** NAME=value, NAME+=value, NAME=(...), NAME[0]=value */
export interface Assignment {
  name: string;
  append: boolean;
  /** The text between the brackets of "NAME[...]="; null without them. */
  index: string | null;
  value: Word | Word[];
  line: number;
}

export interface SimpleCommand {
  kind: "simple";
  line: number;
  /** Before the first word. */
  assignments: Assignment[];
  words: (Word | Assignment)[];
  /** Line of a comment that ended the command where a line was to be continued. */
  cutByComment: number | null;
}

export type Command =
  | SimpleCommand
  | { kind: "group" | "subshell"; line: number; body: Sequence }
  /** Each body may be executed or not: "if" and "case" one of them, "loop" any number of times. */
  | { kind: "if" | "case" | "loop"; line: number; bodies: Sequence[]; word: string; sets: string[]; words: Word[] }
  | { kind: "function"; line: number; name: string; body: Command }
  /** "[[ ... ]]", "(( ... ))": whatever is named in it may be set. */
  | {
      kind: "expression";
      line: number;
      sets: string[];
      words: Word[];
      /** Names in the expression; their values are evaluated in turn. */
      reads: string[];
      /** Whether a variable's value is the name of the one that is set. */
      isOpen: boolean;
    };

export type Pipeline = Command[];

/** Pipelines with "&&" and "||" between. */
export interface Statement {
  line: number;
  pipelines: Pipeline[];
  operators: ("&&" | "||")[];
  background: boolean;
}

export type Sequence = Statement[];

export const isAssignment = (word: Word | Assignment): word is Assignment => "append" in word;

/** A sentence on what is not supported, with its line. */
export class NotUnderstood extends Error {
  constructor(line: number, what: string) {
    super(`not understood: line ${line}, ${what}`);
  }
}

/** The source text, shortened for a sentence. */
export const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 117)}...` : line;
};
