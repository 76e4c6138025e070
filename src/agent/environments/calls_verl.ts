import { dumpJson, loadJson } from "../../policy/python_json.ts";

/** A call as verl passes it on: the arguments are JSON text again. */
export interface VerlCall {
  name: string;
  arguments: string;
}

/**
 * The tool calls in a turn, by verl's Hermes parser (b37184774, experimental/agent_loop/tool_parser.py): every
 * `<tool_call>` block counts, wherever it stands; one that is not a JSON object with a text as name and with arguments is
 * passed over. `content` is the turn without its blocks.
 */
export function callsAsVerl(text: string): { content: string; calls: VerlCall[] } {
  if (!text.includes("<tool_call>") || !text.includes("</tool_call>")) return { content: text, calls: [] };
  const block = /<tool_call>(.*?)<\/tool_call>/gs;
  const calls = [...text.matchAll(block)].flatMap(([, json = ""]) => readCall(json) ?? []);
  return { content: text.replace(block, ""), calls };
}

function readCall(json: string): VerlCall | null {
  try {
    const value = loadJson(json);
    if (!(value instanceof Map)) return null;
    const name = value.get("name");
    const given = value.get("arguments");
    return typeof name === "string" && given !== undefined ? { name, arguments: dumpJson(given) } : null;
  } catch {
    return null;
  }
}
