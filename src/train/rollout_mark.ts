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
