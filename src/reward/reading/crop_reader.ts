import type { Rollout } from "../../agent/rollout.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { Task } from "../../tasks/task.ts";

/** What reads text in pictures; null where the run has none. */
export interface CropReader {
  /** Texts that stand in a picture, each with the probability of its least sure letter. @throws Error with one sentence */
  read(picture: Pixels): Promise<{ text: string; confidence: number }[]>;
}

/** Below, a reading is a guess (measured: docs/reader.md). */
export const surely = 0.5;

/** Letters and digits alone, as small ones. */
const letters = (text: string): string =>
  text
    .toLowerCase()
    .normalize("NFKC")
    .replaceAll(/[^\p{L}\p{N}]/gu, "");

/**
 * Whether an answer was read: as a whole reading where it is one letter or digit, which stands in many readings by chance, else
 * anywhere in one.
 */
export function isRead(readings: readonly { text: string; confidence: number }[], answer: string): boolean {
  const wanted = letters(answer);
  if (wanted === "") return false;
  return readings.some(({ text, confidence }) => {
    const found = letters(text);
    return confidence >= surely && ([...wanted].length === 1 ? found === wanted : found.includes(wanted));
  });
}

/**
 * Notes for each picture that a tool gave whether the task's right answer can be read in it, as the model saw it.
 * @param pictures  by rollout: model inputs of what tools gave, in the order of the calls that were carried out
 */
export async function noteLegible(
  rollouts: readonly Rollout[],
  task: Task,
  pictures: readonly (readonly Pixels[])[],
  reader: CropReader,
): Promise<void> {
  for (const [i, { calls }] of rollouts.entries()) {
    const shown = calls.filter(({ outcome }) => outcome === "ok");
    const own = pictures[i] ?? [];
    // A tool that answers by text alone gives no picture, and then which is whose is not known.
    if (own.length !== shown.length) continue;
    for (const [k, call] of shown.entries()) call.legible = isRead(await reader.read(own[k]!), task.answer);
  }
}
