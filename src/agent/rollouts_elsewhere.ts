import type { TurnElsewhere } from "../policy/policy.ts";
import type { Vocabulary } from "../policy/vocabulary.ts";
import type { Rollout, Segment } from "./rollout.ts";

/**
 * Notes what is known of the segments of a rollout whose last turn a model elsewhere wrote: their texts, and how many
 * tokens each is to the model, from the counts of its server.
 */
export function describeElsewhere(
  rollout: Pick<Rollout, "segments" | "elsewhere">,
  { model, view, tokenCount, promptTokens, alternatives, graphs }: TurnElsewhere,
  vocabulary: Pick<Vocabulary, "texts">,
): void {
  rollout.elsewhere = { model, view, ...(graphs && { graphs }) };
  const before = rollout.segments.slice(0, -1);
  const written = rollout.segments.at(-1)!;
  const answered = before.pop();
  // What the model read before its turn is all segments so far; what its template adds belongs to the last of them.
  const earlier = tokensOfAll(before);
  if (answered)
    answered.tokenCount = promptTokens === null || earlier === null ? null : Math.max(0, promptTokens - earlier);
  written.tokenCount = tokenCount;
  if (alternatives) written.alternatives = alternatives;
  for (const segment of rollout.segments) segment.texts ??= vocabulary.texts(segment.tokens);
}

/** Tokens of a segment, null where nobody counted them. */
export const tokensOf = ({ tokens, texts, tokenCount }: Segment): number | null =>
  texts === undefined ? tokens.length : (tokenCount ?? null);

/** Tokens of several segments, null where one is not counted. */
export function tokensOfAll(segments: readonly Segment[]): number | null {
  let sum = 0;
  for (const segment of segments) {
    const count = tokensOf(segment);
    if (count === null) return null;
    sum += count;
  }
  return sum;
}

/**
 * @param asked  what cannot be done with it, as in "it cannot be trained on"
 * @throws Error where a rollout is another model's: its tokens are not those of a model here
 */
export function expectFromHere({ id, elsewhere }: Pick<Rollout, "id" | "elsewhere">, asked: string): void {
  if (elsewhere)
    throw new Error(
      `The rollout ${id} was written elsewhere, by ${elsewhere.model}: its tokens and probabilities are not those of a model here, so it cannot be ${asked}; roll its task with a model here`,
    );
}
