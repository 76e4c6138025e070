import type { End } from "../../agent/rollout.ts";

/** A rollout as another program's log has it: texts, and what was paid. */
export interface ForeignRollout {
  /** Counted from 1; 1 where the log has no steps. */
  step: number;
  /** What distinguishes its task from others of the step. */
  taskKey: string;
  prompt: string;
  /** What came after it, in order; a "model" piece is a turn. */
  pieces: ForeignPiece[];
  /** The expected answer, "" where the log has none. */
  expected: string;
  /** What the model answered, null where that is not known. */
  answer: string | null;
  /** Null where nothing was scored. */
  reward: { total: number; parts: Record<string, number>; right: boolean; verdict: string } | null;
  advantage: number | null;
  end: End;
  error: string | null;
  dataSource: string | null;
}

export interface ForeignPiece {
  source: "model" | "tool";
  text: string;
  /** Where the log has them: the text of each token with its natural log-probability. */
  tokens?: { text: string; logprob: number }[];
}

/** One line or row of a log: untrusted. */
export type Row = Record<string, unknown>;

/** How a program's rows are known and read. */
export interface ForeignFormat {
  /** The program, for people. */
  program: string;
  /** Columns that every row has. */
  columns: readonly string[];
  read(row: Row): ForeignRollout;
}

/** Characters of a text that is shown; what is longer is cut. */
const longestText = 2 ** 20;

export const textOf = (value: unknown): string =>
  (typeof value === "string"
    ? value
    : value === null || value === undefined
      ? ""
      : typeof value === "bigint"
        ? String(value)
        : (JSON.stringify(value) ?? "")
  ).slice(0, longestText);

/** A number, also where Python wrote True or False; null for anything else. */
export function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return Number(value);
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

export const stepOf = (value: unknown): number => Math.min(1e9, Math.max(0, Math.floor(numberOf(value) ?? 1)));

/** What stands in the last <answer> of a text, null where there is none. */
export function answerIn(text: string): string | null {
  const from = text.lastIndexOf("<answer>");
  if (from < 0) return null;
  const to = text.indexOf("</answer>", from);
  return text.slice(from + "<answer>".length, to < 0 ? undefined : to).trim();
}

const toolOpen = "<tool_response>";
const toolClose = "</tool_response>";
/** What templates of Qwen's kind put around a tool's answer; without special tokens only names of roles stay. */
const before = /\n?(?:<\|im_start\|>)?(?:user|tool)\n$/;
const behind = /^\s*(?:<\|im_end\|>)?\n?(?:(?:<\|im_start\|>)?assistant\n)?/;

/** A response in turns of the model and answers of tools, as verl's and Qwen's templates write them into one text. */
export function turnsIn(response: string): ForeignPiece[] {
  const pieces: ForeignPiece[] = [];
  let at = 0;
  for (;;) {
    const open = response.indexOf(toolOpen, at);
    if (open < 0) break;
    const close = response.indexOf(toolClose, open);
    const head = before.exec(response.slice(Math.max(at, open - 40), open))?.[0] ?? "";
    const from = open - head.length;
    const end = close < 0 ? response.length : close + toolClose.length;
    const tail = close < 0 ? "" : behind.exec(response.slice(end, end + 60))![0];
    if (from > at) pieces.push({ source: "model", text: response.slice(at, from) });
    pieces.push({ source: "tool", text: response.slice(from, end + tail.length) });
    at = end + tail.length;
  }
  if (at < response.length || pieces.length === 0) pieces.push({ source: "model", text: response.slice(at) });
  return pieces;
}

/** The numbers among some columns of a row. */
export function partsOf(row: Row, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = numberOf(row[name]);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}
