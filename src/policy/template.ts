import { Template } from "@huggingface/jinja";
import type { PythonValue } from "./python_json.ts";
import type { RenderOptions } from "./recipe_chat.ts";

/**
 * A conversation as text by a checkpoint's own chat template (Jinja). Numbers lose the difference between 1 and 1.0:
 * the template engine has but one kind.
 * @throws Error in the engine's words where the template is none or the conversation lacks what it asks for
 */
export function renderTemplate(
  template: string,
  messages: readonly PythonValue[],
  tools: PythonValue,
  options: RenderOptions,
): string {
  return new Template(template).render({ messages: messages.map(plain), tools: plain(tools), ...options });
}

/** Dicts and ints as the engine knows them. */
function plain(value: PythonValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return value;
}
