import type { OfferedTool } from "../offered_tool.ts";
import type { NativeCall } from "./messages.ts";

/** A call in the form of qwen3_coder: XML with a tag for each argument, `<tool_call>` around it or not. */
const coderCall =
  /(?:<tool_call>\s*)?<function=([^>\s]+)>\s*((?:<parameter=[^>]+>[\s\S]*?<\/parameter>\s*)*)<\/function>(?:\s*<\/tool_call>)?/g;
const coderArgument = /<parameter=([^>\s]+)>\n?([\s\S]*?)\n?<\/parameter>/g;

/** A call as Hermes writes it, which every environment reads. */
const hermes = (name: string, given: string): string =>
  `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given}}\n</tool_call>`;

/** A turn with its calls as Hermes has them, whatever the syntax in which they came. */
export function withHermesCalls(text: string, calls: readonly NativeCall[], tools: readonly OfferedTool[]): string {
  const read = text.replace(coderCall, (_, name: string, listed: string) => {
    const properties = tools.find((tool) => tool.name === name)?.schema.parameters.properties ?? {};
    const given = [...listed.matchAll(coderArgument)].map(
      ([, key = "", value = ""]) => [key, argument(value, properties[key]?.type)] as const,
    );
    return hermes(name, JSON.stringify(Object.fromEntries(given)));
  });
  // With native calls a server may leave line breaks in the place from which it took them.
  const [first] = calls;
  if (!first) return read;
  const before = read.trim() === "" ? "" : `${read.trimEnd()}\n`;
  return before + hermes(first.function.name, first.function.arguments);
}

/** Arguments stand as JSON, but for texts. */
function argument(value: string, type: string | undefined): unknown {
  if (type === "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
