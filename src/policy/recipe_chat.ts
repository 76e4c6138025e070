import { dumpJson, type PythonValue } from "./python_json.ts";
import { isTruthy, str } from "./python_text.ts";

/** Options of a template, by the names that verl and transformers use. */
export interface RenderOptions {
  add_generation_prompt?: boolean;
  /** Numbers the pictures: "Picture 1: ". */
  add_vision_id?: boolean;
}

type Dict = Map<string, PythonValue>;

const defaultSystem = "You are a helpful assistant.";
const aboutTools = [
  "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.",
  "\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>",
].join("");
const howToCall = [
  "\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:",
  '\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n',
].join("");

/**
 * A conversation as text, as the `custom_chat_template` of verl's DeepEyes recipe writes it (verl-recipe 48ea0a7,
 * deepeyes/configs/deepeyes_multiturn_grpo.yaml). Its habits are kept: without tools the system message is left out
 * altogether, and a conversation without one gets a default.
 * @param messages list of dicts with role, content and tool_calls
 * @param tools    list of schemas, or null
 */
export function renderRecipe(
  messages: readonly PythonValue[],
  tools: PythonValue,
  { add_generation_prompt, add_vision_id }: RenderOptions,
): string {
  const turns = messages as readonly Dict[];
  const roleAt = (index: number) => turns[index]?.get("role");
  const seen = { image: 0, video: 0 };
  const show = (content: PythonValue | undefined): string => {
    if (typeof content === "string") return content;
    return ((content ?? []) as Dict[]).map((part) => showPart(part, seen, add_vision_id ?? false)).join("");
  };

  const withTools = isTruthy(tools);
  let text = "";
  if (withTools) {
    const first = turns[0]?.get("content");
    const system =
      roleAt(0) !== "system"
        ? defaultSystem
        : typeof first === "string"
          ? first
          : str((first as Dict[] | undefined)?.[0]?.get("text") ?? "");
    const schemas = (tools as PythonValue[]).map((tool) => `\n${dumpJson(tool)}`).join("");
    text += `<|im_start|>system\n${system}${aboutTools}${schemas}${howToCall}`;
  } else if (roleAt(0) !== "system") text += `<|im_start|>system\n${defaultSystem}<|im_end|>\n`;

  for (const [index, message] of turns.entries()) {
    const role = roleAt(index);
    const calls = message.get("tool_calls") ?? null;
    const isFirstSystem = role === "system" && index === 0;
    if (role === "user" || (role === "system" && !isFirstSystem) || (role === "assistant" && !isTruthy(calls)))
      text += `<|im_start|>${role}\n${show(message.get("content"))}<|im_end|>\n`;
    else if (role === "assistant") {
      const content = message.get("content") ?? null;
      text += `<|im_start|>${role}${isTruthy(content) ? `\n${str(content)}` : ""}`;
      for (const call of calls as Dict[]) {
        const called = (call.get("function") as Dict | undefined) ?? call;
        text += `\n<tool_call>\n{"name": "${str(called.get("name") ?? "")}", "arguments": ${dumpJson(called.get("arguments") ?? null)}}\n</tool_call>`;
      }
      text += "<|im_end|>\n";
    } else if (role === "tool") {
      if (roleAt(index - 1) !== "tool") text += "<|im_start|>user";
      text += `\n<tool_response>\n${show(message.get("content"))}\n</tool_response>`;
      if (roleAt(index + 1) !== "tool") text += "<|im_end|>\n";
    }
  }
  return add_generation_prompt ? `${text}<|im_start|>assistant\n` : text;
}

function showPart(part: Dict, seen: { image: number; video: number }, numbered: boolean): string {
  const kind =
    part.get("type") === "image" || part.has("image") || part.has("image_url")
      ? "image"
      : part.get("type") === "video" || part.has("video")
        ? "video"
        : null;
  if (!kind) return part.has("text") ? str(part.get("text") ?? null) : "";
  seen[kind]++;
  const number = numbered ? `${kind === "image" ? "Picture" : "Video"} ${seen[kind]}: ` : "";
  return `${number}<|vision_start|><|${kind}_pad|><|vision_end|>`;
}
