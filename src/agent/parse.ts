/** What a turn of the model is. `json` is the text between the tool-call tags, not yet read. */
export type ParsedTurn =
  | { kind: "answer"; answer: string }
  | { kind: "call"; json: string }
  /** `answer` is what may be judged all the same: text outside all tags; null where there is none. */
  | { kind: "malformed"; why: string; answer: string | null };

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
      ? { kind: "malformed", why: "there is a second tag inside the answer", answer: null }
      : { kind: "answer", answer: answered };
  }
  const called = call.exec(text)?.[1];
  if (called !== undefined) {
    return tag.test(called)
      ? { kind: "malformed", why: "there is a second tag inside the tool call", answer: null }
      : { kind: "call", json: called };
  }
  return { kind: "malformed", why: reason(text), answer: null };
}

/**
 * Reads one turn of free text, as the recipes' models write it: thoughts, then a call or an answer. A filled answer
 * counts before a call, the last of several each; a call that is not closed is taken up to the end of the turn. Never throws.
 */
export function readTurn(text: string): ParsedTurn {
  const turn = text.replace(/(?:<\|im_end\|>|<\|endoftext\|>)$/, "");
  const answers = [...turn.matchAll(/<answer>(.*?)<\/answer>/gs)];
  const answered = answers
    .map(([, inside = ""]) => inside.trim())
    .filter((one) => one !== "")
    .at(-1);
  if (answered !== undefined) return { kind: "answer", answer: answered };
  const opened = turn.lastIndexOf("<tool_call>");
  if (opened >= 0) {
    const [json = ""] = turn.slice(opened + "<tool_call>".length).split("</tool_call>");
    return { kind: "call", json: json.trim() };
  }
  const thought = turn.lastIndexOf("</think>");
  const rest = turn
    .slice(thought < 0 ? 0 : thought + "</think>".length)
    .replaceAll(/<\/?[a-z_]+>/g, "")
    .trim();
  return { kind: "malformed", why: "there is neither an answer nor a tool call", answer: rest === "" ? null : rest };
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
