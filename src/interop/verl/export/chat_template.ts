import { openChat } from "../../../policy/chats.ts";
import { type OfferedTool, type PromptName, promptLines } from "../../../policy/offered_tool.ts";
import { dumpJson, loadJson } from "../../../policy/python_json.ts";
import { deepEyesSystem, plainSystem } from "../../../policy/recipe_texts.ts";
import { characters } from "./characters.ts";

/** What DeepEyes' system message says of tools, as a run with these tools writes it. */
export function toolsBlock(tools: readonly OfferedTool[]): string {
  const chat = openChat("deepeyes", characters, tools);
  const ids = chat.prompt({ question: "", messages: [{ role: "system", content: deepEyesSystem }] }, []);
  const [, system = ""] = /^<\|im_start\|>system\n(.*?)<\|im_end\|>\n/s.exec(characters.decode(ids)) ?? [];
  return system.slice(plainSystem.length);
}

/** The format that is asked for behind a question, and beside DeepEyes' crops; "" in the compact form. */
export function formatText(prompt: PromptName, tools: readonly OfferedTool[]): string {
  if (prompt === "compact") return "";
  const asked = characters.decode(openChat(prompt, characters, tools).prompt({ question: "?" }, []));
  return /user\n\?(.*?)<\|im_end\|>/s.exec(asked)?.[1] ?? "";
}

/** A text as a literal of Jinja, which reads escapes as Python does. */
const literal = (text: string): string =>
  `"${Array.from(text, (letter) => {
    const code = letter.codePointAt(0)!;
    if (letter === '"' || letter === "\\") return `\\${letter}`;
    if (letter === "\n") return "\\n";
    if (code >= 0x20 && code < 0x7f) return letter;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  }).join("")}"`;

/** Content of a message: a text, or parts of which pictures are one kind. */
const parts = `{%- macro shown(content) -%}
{%- if content is string -%}{{- content -}}
{%- else -%}{%- for part in content -%}{%- if part.type == "image" -%}{{- "<|vision_start|><|image_pad|><|vision_end|>" -}}{%- else -%}{{- part.text -}}{%- endif -%}{%- endfor -%}
{%- endif -%}
{%- endmacro -%}`;

const callsOf = `{%- for call in m.tool_calls -%}{%- set called = call.function or call -%}{{- "\\n<tool_call>\\n{\\"name\\": \\"" + called.name + "\\", \\"arguments\\": " -}}{{- called.arguments | tojson -}}{{- "}\\n</tool_call>" -}}{%- endfor -%}`;

const generation = `{%- if add_generation_prompt -%}{{- "<|im_start|>assistant\\n" -}}{%- endif -%}`;

/**
 * A chat template (Jinja) that writes conversations as a run of this prompt does: verl renders rows with it. What it says of
 * a tool is the run's own line where the schema that verl hands over has lost a part.
 */
export function chatTemplate(prompt: PromptName, tools: readonly OfferedTool[]): string {
  const head = `{#- Written by Saccade for verl 0.9.1: conversations as the run writes them (--prompt ${prompt}). -#}\n${parts}\n`;
  if (prompt === "compact") return head + compact(tools);
  return head + (prompt === "verl" ? recipe(tools) : deepEyes(tools));
}

const lineOf = (tool: OfferedTool, prompt: PromptName): string => promptLines([tool], prompt)[0] ?? "";

function compact(tools: readonly OfferedTool[]): string {
  const lines = promptLines(tools, "compact");
  const toolsText = lines.length > 0 ? `<tools>\n${lines.join("\n")}\n</tools>\n` : "";
  return `{%- for m in messages -%}
{%- if m.role == "tool" -%}
{{- "<|im_start|>user\\n<tool_response>" -}}
{%- if m.content is string -%}{{- m.content -}}
{%- else -%}{%- for part in m.content if part.type == "image" -%}{{- "<|vision_start|><|image_pad|><|vision_end|>" -}}{%- else -%}{{- shown(m.content) -}}{%- endfor -%}
{%- endif -%}
{{- "</tool_response><|im_end|>\\n" -}}
{%- else -%}
{{- "<|im_start|>" + m.role + "\\n" -}}
{%- if loop.first and m.role == "user" and tools -%}{{- ${literal(toolsText)} -}}{%- endif -%}
{{- shown(m.content) -}}
{%- if m.tool_calls -%}${callsOf}{%- endif -%}
{{- "<|im_end|>\\n" -}}
{%- endif -%}
{%- endfor -%}
${generation}`;
}

function recipe(tools: readonly OfferedTool[]): string {
  const chat = openChat("verl", characters, tools);
  const whole = characters.decode(chat.prompt({ question: "" }, []));
  const system = /^<\|im_start\|>system\n(.*?)<\|im_end\|>\n/s.exec(whole)?.[1] ?? "";
  const begins = system.indexOf("\n\n# Tools");
  const opens = system.indexOf("\n<tools>\n", begins) + "\n<tools>".length;
  const ends = system.indexOf("\n</tools>", opens);
  const known = tools.map((tool) => `${literal(tool.name)}: ${literal(dumpJson(loadJson(lineOf(tool, "verl"))))}`);
  return `{%- set lines = {${known.join(", ")}} -%}
{%- if tools -%}
{{- "<|im_start|>system\\n" -}}
{%- if messages[0].role == "system" -%}{{- shown(messages[0].content) -}}{%- else -%}{{- "You are a helpful assistant." -}}{%- endif -%}
{{- ${literal(system.slice(begins, opens))} -}}
{%- for tool in tools -%}{{- "\\n" -}}{%- if tool.function.name in lines -%}{{- lines[tool.function.name] -}}{%- else -%}{{- tool | tojson -}}{%- endif -%}{%- endfor -%}
{{- ${literal(`${system.slice(ends)}<|im_end|>\n`)} -}}
{%- elif messages[0].role != "system" -%}{{- "<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n" -}}
{%- endif -%}
{%- for m in messages -%}
{%- if m.role == "tool" -%}
{%- if loop.first or messages[loop.index0 - 1].role != "tool" -%}{{- "<|im_start|>user" -}}{%- endif -%}
{{- "\\n<tool_response>\\n" -}}{{- shown(m.content) -}}{{- "\\n</tool_response>" -}}
{%- if loop.last or messages[loop.index0 + 1].role != "tool" -%}{{- "<|im_end|>\\n" -}}{%- endif -%}
{%- elif m.role == "assistant" and m.tool_calls -%}
{{- "<|im_start|>assistant" -}}{%- if m.content -%}{{- "\\n" -}}{{- shown(m.content) -}}{%- endif -%}
${callsOf}
{{- "<|im_end|>\\n" -}}
{%- elif not (m.role == "system" and loop.first) -%}
{{- "<|im_start|>" + m.role + "\\n" -}}{{- shown(m.content) -}}{{- "<|im_end|>\\n" -}}
{%- endif -%}
{%- endfor -%}
${generation}`;
}

function deepEyes(tools: readonly OfferedTool[]): string {
  const format = formatText("deepeyes", tools);
  return `{%- for m in messages -%}
{%- if m.role == "tool" -%}
{{- "<|im_start|>user\\n" -}}
{%- if m.content is string -%}{{- m.content -}}
{%- else -%}{{- "<tool_response>" -}}{{- shown(m.content) -}}{{- ${literal(`${format}</tool_response>`)} -}}
{%- endif -%}
{{- "<|im_end|>\\n" -}}
{%- else -%}
{{- "<|im_start|>" + m.role + "\\n" -}}{{- shown(m.content) -}}
{%- if m.role == "system" and m.tools and tools -%}{{- ${literal(toolsBlock(tools))} -}}{%- endif -%}
{%- if m.tool_calls -%}${callsOf}{%- endif -%}
{{- "<|im_end|>\\n" -}}
{%- endif -%}
{%- endfor -%}
${generation}`;
}
