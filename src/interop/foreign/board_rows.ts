import {
  answerIn,
  type ForeignFormat,
  type ForeignPiece,
  numberOf,
  stepOf,
  textOf,
  turnsIn,
} from "./foreign_rollout.ts";

const mostTokens = 200_000;

/**
 * RLLoggingBoard's rollouts (its README, and verl/utils/rl_logging_board_utils.py of DeepEyes): a response by token with
 * log-probabilities and the reward at each.
 */
export const boardRows: ForeignFormat = {
  program: "RLLoggingBoard",
  columns: ["prompt", "response", "response_tokens", "logprobs"],
  read(row) {
    const prompt = textOf(row.prompt);
    const response = textOf(row.response);
    const texts = (Array.isArray(row.response_tokens) ? row.response_tokens : []).slice(0, mostTokens).map(textOf);
    const logprobs = Array.isArray(row.logprobs) ? row.logprobs : [];
    const tokens = texts.map((text, i) => ({ text, logprob: numberOf(logprobs[i]) ?? Number.NaN }));
    const total = numberOf(row.reward);
    const words = typeof row.rm_response === "string" ? row.rm_response : null;
    return {
      step: stepOf(row.step),
      taskKey: `${prompt}\n${textOf(row.ground_truth)}`,
      prompt,
      pieces: piecesOf(response, tokens),
      expected: textOf(row.ground_truth),
      answer: answerIn(response),
      reward:
        total === null
          ? null
          : { total, parts: { reward: total }, right: total > 0, verdict: words ?? "reward above 0" },
      advantage: null,
      end: "answer",
      error: null,
      dataSource: null,
    };
  },
};

/** Tools' answers stand in the response only, if at all: the tokens are shared out over the model's turns, in order. */
function piecesOf(response: string, tokens: { text: string; logprob: number }[]): ForeignPiece[] {
  const turns = turnsIn(response);
  if (tokens.length === 0) return turns;
  const pieces: ForeignPiece[] = [];
  let at = 0;
  for (const [i, turn] of turns.entries()) {
    if (turn.source === "tool") {
      pieces.push(turn);
      continue;
    }
    const isLast = !turns.slice(i + 1).some(({ source }) => source === "model");
    const from = at;
    let length = 0;
    while (at < tokens.length && (isLast || length < turn.text.length)) length += tokens[at++]!.text.length;
    pieces.push({ ...turn, tokens: tokens.slice(from, at) });
  }
  return pieces;
}
