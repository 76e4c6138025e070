import type { WeightsChoice } from "../../worker_api/asked_weights.ts";
import type { AskedMeasures, Measures } from "../../worker_api/token_measures.ts";
import type { Answering, WeightsBeside } from "./weights_beside.ts";

/**
 * A rollout's tokens under the weights that are asked, beside others. What cannot be compared with is said, and the rest is
 * answered all the same.
 */
export function measureRollout(beside: WeightsBeside, asked: AskedMeasures): Promise<Measures> {
  const { rollout, task, config, weights = "now", other = null, start = false } = asked;
  return beside.askSeveral(asked, async (find) => {
    const { session, by } = await find(weights);
    const compared = other === null || other === weights ? null : await orWhyNot(find, other);
    const problem = (found: typeof compared): string | null => (typeof found === "string" ? found : null);
    const otherSession = compared !== null && typeof compared !== "string" ? compared : null;
    const found = await session.rollouts.measures(rollout, task, config, otherSession?.session);
    const startLogprobs = (): (number | null)[] | null => {
      if (weights === "start") return found.map(({ logprob }) => logprob);
      if (other === "start" && otherSession) return found.map((token) => token.other?.logprob ?? null);
      return null;
    };
    let atStart = startLogprobs();
    let startProblem = other === "start" ? problem(compared) : null;
    if (start && atStart === null && startProblem === null) {
      const begun = await orWhyNot(find, "start");
      if (typeof begun === "string") startProblem = begun;
      else atStart = (await begun.session.rollouts.measures(rollout, task, config)).map(({ logprob }) => logprob);
    }
    const tokens = found.map(({ top, other: measured, ...token }, t) => {
      const texts = session.texts(top.map((one) => one.token));
      const alternatives = top.map((one, i) => ({
        ...one,
        text: texts[i]!,
        other: measured?.probabilities[i] ?? null,
      }));
      const compared = { otherLogprob: measured?.logprob ?? null, kl: measured?.kl ?? null };
      return { ...token, ...compared, alternatives, startLogprob: atStart?.[t] ?? null };
    });
    return { tokens, by, other: otherSession?.by ?? null, otherProblem: problem(compared), startProblem };
  });
}

async function orWhyNot(
  find: (weights: WeightsChoice) => Promise<Answering>,
  weights: WeightsChoice,
): Promise<Answering | string> {
  try {
    return await find(weights);
  } catch (error) {
    return (error as Error).message;
  }
}
