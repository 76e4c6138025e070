import { boardRows } from "./board_rows.ts";
import type { ForeignFormat, Row } from "./foreign_rollout.ts";
import { trlRows } from "./trl_rows.ts";
import { tracesRows, verifiersRows } from "./verifiers_rows.ts";
import { verlRows } from "./verl_rows.ts";

/** Logs of rollouts that other programs write, in the order in which rows are compared with them. */
export const foreignFormats: readonly ForeignFormat[] = [boardRows, verlRows, trlRows, tracesRows, verifiersRows];

/** Whose row this is, by its columns; null where nobody's. */
export const formatOfRow = (row: Row): ForeignFormat | null =>
  foreignFormats.find(({ columns }) => columns.every((name) => Object.hasOwn(row, name))) ?? null;

/** For people: what could have been opened. */
export const foreignPrograms =
  "verl (rollout_data_dir), RLLoggingBoard, TRL (completions_*.parquet) or verifiers (results.jsonl, traces.jsonl)";
