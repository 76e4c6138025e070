import type { RowDetails } from "../../worker_api/data_api.ts";

/** A value longer than this is cut, characters. */
const longest = 20_000;

/** The columns of a row as text: strings as they are, others as JSON, bytes by their number. */
export function columnTexts(columns: Record<string, unknown>): RowDetails["columns"] {
  return Object.entries(columns).map(([name, value]) => {
    const text = typeof value === "string" ? value : jsonOf(value);
    return { name, text: text.length > longest ? `${text.slice(0, longest)}… ${text.length} characters in all` : text };
  });
}

/** On one line where it is short. */
function jsonOf(value: unknown): string {
  const line = JSON.stringify(value, plain) ?? "none";
  return line.length <= 80 ? line : JSON.stringify(value, plain, 2);
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return value;
}
