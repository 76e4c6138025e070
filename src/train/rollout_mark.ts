/** What a person says of a rollout of a run; part of no computation. */
export interface RolloutMark {
  /** Rollout.id */
  rollout: string;
  /** "" where there is none. */
  note: string;
  tags: readonly string[];
  /** The person finds that the judge, or the rule, decided wrongly. */
  judgeWrong: boolean;
  /** ISO 8601, when it was last changed. */
  madeAt: string;
}

export const mostNoteCharacters = 4000;
export const mostTags = 20;
export const mostTagCharacters = 40;

/** Nothing is said. */
export const isBlank = ({ note, tags, judgeWrong }: Pick<RolloutMark, "note" | "tags" | "judgeWrong">): boolean =>
  note === "" && tags.length === 0 && !judgeWrong;

/** Tags as a person types them, with commas between: trimmed, each once, within the limits. */
export const tagsOf = (typed: string): string[] =>
  [...new Set(typed.split(",").map((tag) => tag.replace(/\s+/g, " ").trim().slice(0, mostTagCharacters)))]
    .filter((tag) => tag !== "")
    .slice(0, mostTags);

/** What to say where a note or tags reach their limits, since what is typed or pasted beyond is left out; "" where none is. */
export function cutMark({ note = "", tags = "" }: { note?: string; tags?: string }): string {
  if (note.length >= mostNoteCharacters)
    return `A note has at most ${mostNoteCharacters.toLocaleString("en")} characters; what is beyond is left out. `;
  const typed = tags.split(",").map((tag) => tag.replace(/\s+/g, " ").trim());
  if (typed.some((tag) => tag.length > mostTagCharacters) || new Set(typed.filter((tag) => tag !== "")).size > mostTags)
    return `Tags have at most ${mostTagCharacters} characters, and there are at most ${mostTags}; what is beyond is left out. `;
  return "";
}
