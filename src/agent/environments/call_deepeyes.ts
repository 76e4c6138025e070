import { loadJson, type PythonValue } from "../../policy/python_json.ts";
import { item, str, strip } from "../../policy/python_text.ts";

/** The call in a turn, as DeepEyes' environment reads it. */
export type DeepEyesCall =
  /** An answer, or nothing: the conversation ends. */
  | { kind: "none" }
  /** `message` is what DeepEyes says of it. */
  | { kind: "unreadable"; outcome: "not_json" | "bad_arguments"; message: string }
  | { kind: "call"; name: string; given: PythonValue };

/**
 * How `VisualToolBoxV2` reads a turn (DeepEyes 6c5e796, .../envs/mm_process_engine/visual_toolbox_v2.py): a filled answer
 * ends, so does a turn without a call; of several calls the last counts. Python's messages included.
 */
export function callAsDeepEyes(text: string): DeepEyesCall {
  if (lastBetween(text, "answer")) return { kind: "none" };
  const action = lastBetween(text, "tool_call");
  if (!action) return { kind: "none" };
  let call: PythonValue;
  try {
    call = loadJson(strip(action));
  } catch (error) {
    const message = `Invalid tool call format: ${strip(action)}. Error: ${(error as Error).message}`;
    return { kind: "unreadable", outcome: "not_json", message };
  }
  try {
    return { kind: "call", name: str(item(call, "name")), given: item(call, "arguments") };
  } catch (error) {
    return { kind: "unreadable", outcome: "bad_arguments", message: (error as Error).message };
  }
}

function lastBetween(text: string, tag: string): string | undefined {
  return [...text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))].at(-1)?.[1];
}
