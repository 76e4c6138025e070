import { database, entryOf } from "./database.ts";
import { pageRuns } from "./page_run_store.ts";

const piecesOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name, 0], [name, Number.MAX_SAFE_INTEGER]);

/** Characters that are read at once. */
const pieceCharacters = 2 ** 22;

/**
 * The log of a stored run, whole lines at a time, so that no more of it than that is in memory.
 * @throws Error where there is no run of that name, or where its log is empty
 */
export async function* storedPieces(name: string): AsyncGenerator<{ text: string; share: number }> {
  const inPage = pageRuns.get(name);
  if (inPage) return yield* slices(inPage.log, 1);
  const db = await database();
  await entryOf(db, name);
  const keys = await db.getAllKeys("logs", piecesOf(name));
  if (keys.length === 0) throw new Error(`The run "${name}" holds no events; remove it or choose another`);
  let text = "";
  for (let at = 0; at < keys.length; ) {
    // Pieces are small, and each request costs more than to read one.
    const next = keys[Math.min(keys.length, at + 32) - 1]!;
    const pieces = await db.getAll("logs", IDBKeyRange.bound(keys[at]!, next));
    at += pieces.length;
    text += pieces.join("");
    if (pieces.length === 0) break;
    if (text.length < pieceCharacters && at < keys.length) continue;
    yield* slices(text, at / keys.length);
    text = "";
  }
}

/** A log that was replaced as a whole is one piece. */
function* slices(text: string, share: number): Generator<{ text: string; share: number }> {
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at + pieceCharacters);
    const end = newline < 0 ? text.length : newline + 1;
    yield { text: text.slice(at, end), share };
    at = end;
  }
}

/** The lines of a step of a stored run, of its tasks and rollouts, as they were made last; none where it is not there. */
export async function storedStep(name: string, step: number): Promise<string[]> {
  const begins = [`{"type":"tasks","step":${step},`, `{"type":"group","step":${step},`];
  let found: string[] = [];
  for await (const { text } of storedPieces(name)) {
    if (!begins.some((begin) => text.includes(begin))) {
      if (found.length > 0) break;
      continue;
    }
    const lines = text.split("\n").filter((line) => begins.some((begin) => line.startsWith(begin)));
    // A step that was made again stands behind; its rollouts may be in the next piece.
    found = lines[0]?.startsWith(begins[0]!) && !lines[0].includes('"more":true') ? lines : [...found, ...lines];
  }
  return found;
}
