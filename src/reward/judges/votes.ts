import { ServerFailure } from "../../connection/failure.ts";
import type { ModelQuestions, OnExchange } from "./model_questions.ts";

/** What one voter of several said; null where it gave no verdict. */
export interface Vote {
  model: string;
  right: boolean | null;
}

/** What came of asking: of several voters the majority, and who said what. */
export interface Voted {
  right: boolean;
  /** False where none of the replies said something. */
  clear: boolean;
  /** Absent where there is one voter. */
  votes?: Vote[];
}

/** "a, b" -> a and b; none where the server is to choose. */
export const namedModels = (text: string): string[] =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

/** The models of so many votes: each that is named at least once, in turn. "" stands for the server's first. */
export function votingModels(models: readonly string[], votes: number): { model: string; nth: number }[] {
  const named = models.length === 0 ? [""] : models;
  return Array.from({ length: Math.max(votes, named.length) }, (_, i) => ({
    model: named[i % named.length]!,
    nth: Math.floor(i / named.length),
  }));
}

/**
 * Asks all voters at once. Most of them decide among those that gave a verdict, and a tie is wrong. Where half of all voters or more
 * gave none, nor does this. With one voter it is as if that were asked alone.
 * @param onExchange  gets what the first voter was asked and said
 * @throws ServerFailure
 */
export async function vote(
  voters: readonly ModelQuestions[],
  ask: (voter: ModelQuestions, onExchange?: OnExchange) => Promise<{ right: boolean; clear: boolean }>,
  onExchange?: OnExchange,
): Promise<Voted> {
  const [first, ...others] = voters;
  if (!first) throw new Error("Expected a voter, found none");
  if (others.length === 0) return ask(first, onExchange);
  const replies = await Promise.allSettled(voters.map((voter, i) => ask(voter, i === 0 ? onExchange : undefined)));
  const failures = replies.flatMap((reply) => (reply.status === "rejected" ? [reply.reason as unknown] : []));
  const unexpected = failures.find((failure) => !(failure instanceof ServerFailure));
  if (unexpected) throw unexpected;
  const given = replies.flatMap((reply) => (reply.status === "fulfilled" ? [reply.value] : []));
  if (2 * given.length <= voters.length) throw failures[0];
  const approving = given.filter(({ right }) => right).length;
  const votes = replies.map((reply, i) => ({
    model: voters[i]!.name,
    right: reply.status === "fulfilled" ? reply.value.right : null,
  }));
  return { right: 2 * approving > given.length, clear: given.some(({ clear }) => clear), votes };
}

/** Whether those that gave a verdict do not agree. */
export const isSplit = (votes: readonly Vote[]): boolean =>
  votes.some(({ right }) => right === true) && votes.some(({ right }) => right === false);
