import { length } from "../../policy/python_text.ts";
import type { AskJudge, JudgedAnswer } from "../../reward/connection/request.ts";
import { verdictAsDeepEyes } from "../../reward/judges/deepeyes.ts";
import { equivalenceAsDeepEyes, judgesReasoning } from "../../reward/judges/deepeyes_common.ts";
import { judgeRequestAsDeepEyes, mathRequest, reasoningRequest } from "../../reward/judges/deepeyes_prompts.ts";
import { judgeRequestAsVerl, verdictAsVerl } from "../../reward/judges/verl.ts";
import { answerAsDeepEyes, mathAnswers, reasoningAnswer } from "../../reward/responses/deepeyes.ts";
import { answerAsVerl } from "../../reward/responses/verl.ts";
import { partsAsDeepEyes } from "../../reward/rewards/deepeyes.ts";
import { sumOfDeepEyes } from "../../reward/rewards/deepeyes_formula.ts";
import { partsAsVerl } from "../../reward/rewards/verl.ts";

// Our judges and rewards put together as the originals' compute_score functions do, who ask and pay in one call and have
// rules of their own for judges that fail.

/** verl's recipe; a judge that fails costs all. */
export async function scoreAsVerl(response: string, asked: JudgedAnswer, ask: AskJudge): Promise<number> {
  const { answer } = answerAsVerl(response);
  let right: boolean;
  try {
    right = verdictAsVerl(await ask(judgeRequestAsVerl(answer, asked))) === 1;
  } catch {
    return 0;
  }
  return sumOfDeepEyes(partsAsVerl(response, right));
}

/** DeepEyes, questions about pictures. @throws what the judge throws */
export async function scoreAsDeepEyes(response: string, asked: JudgedAnswer, ask: AskJudge): Promise<number> {
  const right = verdictAsDeepEyes(await ask(judgeRequestAsDeepEyes(answerAsDeepEyes(response), asked)));
  return sumOfDeepEyes(partsAsDeepEyes("vision", response, right === 1));
}

/** DeepEyes, general reasoning: the first answer behind the last thought, which must be there. */
export async function scoreReasoningAsDeepEyes(response: string, asked: JudgedAnswer, ask: AskJudge): Promise<number> {
  const answer = reasoningAnswer(response);
  let right: boolean | null = null;
  if (answer !== "" && length(answer) < 1000)
    for (let i = 0; i < judgesReasoning.tries && right === null; i++)
      right = equivalenceAsDeepEyes(await ask(reasoningRequest(answer, asked)));
  return sumOfDeepEyes(partsAsDeepEyes("reasoning", response, right === true));
}

/**
 * DeepEyes, mathematics: the last `\boxed{...}` behind the last thought, up to its first closing brace; a rule decides,
 * and the judge where the rule says no.
 */
export async function scoreMathAsDeepEyes(
  response: string,
  asked: JudgedAnswer,
  rule: (goldAnswer: string, answer: string) => boolean,
  ask: AskJudge,
): Promise<number> {
  const answer = mathAnswers(response).at(-1);
  const right =
    answer !== undefined && (rule(asked.goldAnswer, answer) || (await judgedEquivalent(ask, answer, asked)));
  return sumOfDeepEyes(partsAsDeepEyes("math", response, right));
}

/** DeepEyes asks again, and takes eight failures for a wrong answer. */
async function judgedEquivalent(ask: AskJudge, answer: string, asked: JudgedAnswer): Promise<boolean> {
  for (let i = 0; i < judgesReasoning.tries; i++) {
    try {
      return equivalenceAsDeepEyes(await ask(mathRequest(answer, asked))) === true;
    } catch {
      // The next try.
    }
  }
  return false;
}
