import { type Chat, encodeWithPictures, type Opening, pictureText, withoutImageTokens } from "./chat.ts";
import { type OfferedTool, promptLines } from "./offered_tool.ts";
import { loadJson, type PythonValue } from "./python_json.ts";
import { renderRecipe } from "./recipe_chat.ts";
import {
  deepEyesExample,
  deepEyesSystem,
  deepEyesUser,
  deepEyesZoom,
  plainSystem,
  verlSystem,
} from "./recipe_texts.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The tool that the recipes' own texts name. */
const recipeTool = "image_zoom_in_tool";

/** The format that is asked for behind a question; where the recipes' tool is not there, it names the first that is. */
function formatAsked(tools: readonly OfferedTool[]): string {
  const [first] = tools;
  const isRecipe = !first || tools.some(({ name }) => name === recipeTool);
  return isRecipe ? deepEyesUser : deepEyesUser.replace(recipeTool, () => first.name);
}

/** verl's recipe: its own system message before every row's user message, and the tools block of its template. */
export function verlChat(tokenizer: Vocabulary, tools: readonly OfferedTool[]): Chat {
  const schemas = promptLines(tools, "verl").map(loadJson);
  const format = formatAsked(tools);
  return {
    ...shared(tokenizer),
    prompt: (opening, imageTokens) => {
      const { messages, tools: offered = true } = opening;
      const turns = [
        { role: "system", content: verlSystem },
        ...userTurns(opening, messages, imageTokens.length, format),
      ];
      const text = renderRecipe(turns.map(dict), offered ? schemas : null, { add_generation_prompt: true });
      return encodeWithPictures(tokenizer, text.replaceAll("<image>", pictureText), imageTokens);
    },
    // No newline before it: the template is applied to the tool's message alone.
    observation: (text, imageTokens, caption = "") =>
      encodeWithPictures(
        tokenizer,
        `<|im_start|>user\n<tool_response>\n${pictureText.repeat(imageTokens.length)}${withoutImageTokens([caption, text].filter(Boolean).join("\n"))}\n</tool_response><|im_end|>\n<|im_start|>assistant\n`,
        imageTokens,
      ),
  };
}

/**
 * DeepEyes: a row's messages as they stand, its system prompt among them; a question without messages gets
 * SYSTEM_PROMPT_V2 where it is offered tools. Beside a crop the format is asked for again; an error is a turn of the
 * user's.
 */
export function deepEyesChat(tokenizer: Vocabulary, tools: readonly OfferedTool[]): Chat {
  const lines = promptLines(tools, "deepeyes");
  const format = formatAsked(tools);
  const hasZoom = tools.some(({ name }) => name === recipeTool);
  const withTools = (system: string) => {
    const known = hasZoom ? system : system.replace(`\n${deepEyesZoom}`, "").replace(deepEyesExample, "");
    return lines.length > 0 ? known.replace("\n</tools>", () => `\n${lines.join("\n")}\n</tools>`) : known;
  };
  return {
    ...shared(tokenizer),
    prompt: (opening, imageTokens) => {
      const { messages = [], tools: offered = true } = opening;
      const turns =
        messages.length > 0
          ? messages
          : [
              { role: "system", content: offered && tools.length > 0 ? deepEyesSystem : plainSystem },
              ...userTurns(opening, [], imageTokens.length, format),
            ];
      const text = turns.map(
        ({ role, content }) => `<|im_start|>${role}\n${role === "system" ? withTools(content) : content}<|im_end|>\n`,
      );
      return encodeWithPictures(
        tokenizer,
        `${text.join("").replaceAll("<image>", pictureText)}<|im_start|>assistant\n`,
        imageTokens,
      );
    },
    observation: (answered, imageTokens) => {
      const text = withoutImageTokens(answered);
      const content =
        imageTokens.length > 0
          ? `<tool_response>${pictureText.repeat(imageTokens.length)}${text}${format}</tool_response>`
          : text;
      return encodeWithPictures(
        tokenizer,
        `\n<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`,
        imageTokens,
      );
    },
  };
}

/** A row's messages but for the system's; a question without messages stands under its pictures, the format asked for behind it. */
function userTurns(
  { question, tools = true }: Opening,
  messages: Opening["messages"],
  pictures: number,
  format: string,
) {
  if (messages && messages.length > 0) return messages.filter(({ role }) => role !== "system");
  const asked = tools ? format : "";
  const placed = question.includes("<image>");
  const before = pictures > 0 && !placed ? `${"<image>".repeat(pictures)}\n` : "";
  return [{ role: "user", content: `${before}${question}${asked}` }];
}

const dict = (message: { role: string; content: string }): PythonValue => new Map(Object.entries(message));

function shared(tokenizer: Vocabulary): Pick<Chat, "stops" | "toolCallStart" | "reserved"> {
  const known = (...tokens: string[]) => tokens.flatMap((token) => tokenizer.find(token) ?? []);
  return {
    stops: [tokenizer.id("<|im_end|>"), ...known("<|endoftext|>")],
    toolCallStart: tokenizer.id("<tool_call>"),
    // An image token without a picture has no embedding.
    reserved: [tokenizer.id("<|image_pad|>"), ...known("<|video_pad|>")],
  };
}
