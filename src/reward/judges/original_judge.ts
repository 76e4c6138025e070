import { ServerFailure } from "../../connection/failure.ts";
import type { AskJudge, JudgedAnswer } from "../connection/request.ts";
import type { OriginalJudge } from "./judge.ts";

/** The seed that the originals draw for each call: 0 to 1,000,000, both included. */
export const randomSeed = (random: () => number): number => Math.floor(random() * 1_000_001);

/**
 * Asks as an original does, until a reply says something; `clear` is false where none did, and the answer is then wrong.
 * @throws ServerFailure
 */
export async function askOriginal(
  judge: OriginalJudge,
  asked: JudgedAnswer,
  answer: string,
  { random, ask }: { random: () => number; ask: AskJudge },
): Promise<{ right: boolean; clear: boolean }> {
  const { messages, temperature, extra } = judge.request(answer, asked);
  for (let tried = 0; tried < judge.tries; tried++) {
    // Not cached: the originals have a new reply sampled each time.
    const right = judge.verdict(
      await fullReply(judge, () => ask({ messages, temperature, extra: { seed: randomSeed(random), ...extra } })),
    );
    if (right !== null) return { right, clear: true };
  }
  return { right: false, clear: false };
}

/** The reply; one that was cut off counts where all that the original asks for had been said (max_tokens 1, say). */
async function fullReply({ wholeReply }: OriginalJudge, ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    const said = error instanceof ServerFailure && error.kind === "cut_off" ? error.said : null;
    if (said === null || !wholeReply.test(said.trim())) throw error;
    return said;
  }
}
