/** What a turn of the model is. `json` is the text between the tool-call tags, not yet read. */
export type ParsedTurn =
  | { kind: "answer"; answer: string }
  | { kind: "call"; json: string }
  | { kind: "malformed"; why: string };

const call = /^<tool_call>\n(\{.*\})\n<\/tool_call><\|im_end\|>$/s;
const answer = /^<answer>(.+)<\/answer><\|im_end\|>$/s;
const tag = /<\/?(?:answer|tool_call|tool_response)>/;

/**
 * Reads one whole turn, special tokens included. The rule of the compact form is strict: a turn is one call or one
 * answer and nothing else, each closed by `<|im_end|>`. Never throws.
 */
export function parseTurn(text: string): ParsedTurn {
  const answered = answer.exec(text)?.[1];
  if (answered !== undefined) {
    return tag.test(answered)
      ? { kind: "malformed", why: "there is a second tag inside the answer" }
      : { kind: "answer", answer: answered };
  }
  const called = call.exec(text)?.[1];
  if (called !== undefined) {
    return tag.test(called)
      ? { kind: "malformed", why: "there is a second tag inside the tool call" }
      : { kind: "call", json: called };
  }
  return { kind: "malformed", why: reason(text) };
}

function reason(text: string): string {
  if (!text.endsWith("<|im_end|>")) return "the turn is not closed by <|im_end|>";
  if (text.startsWith("<tool_call>"))
    return "the tool call is not one JSON object on lines of its own, closed by </tool_call>";
  if (text.startsWith("<answer>"))
    return text.startsWith("<answer></answer>")
      ? "the answer is empty"
      : "the answer is not closed by </answer> at the end of the turn";
  return "the turn begins neither with <tool_call> nor with <answer>";
}
