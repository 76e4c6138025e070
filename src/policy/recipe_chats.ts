import { type Chat, encodeWithPictures, type Opening, pictureText } from "./chat.ts";
import { loadJson, type PythonValue } from "./python_json.ts";
import { renderRecipe } from "./recipe_chat.ts";
import { deepEyesSystem, deepEyesUser, plainSystem, rotateSchema, verlSystem, verlZoomSchema } from "./recipe_texts.ts";
import type { Tokenizer } from "./tokenizer.ts";

interface Offered {
  /** Tell the model of image_rotate_tool as well. */
  rotate: boolean;
}

/** verl's recipe: its own system message before every row's user message, and the tools block of its template. */
export function verlChat(tokenizer: Tokenizer, { rotate }: Offered): Chat {
  const tools = [verlZoomSchema, ...(rotate ? [rotateSchema] : [])].map(loadJson);
  return {
    ...shared(tokenizer),
    prompt: (opening, imageTokens) => {
      const { messages, tools: offered = true } = opening;
      const turns = [{ role: "system", content: verlSystem }, ...userTurns(opening, messages, imageTokens.length)];
      const text = renderRecipe(turns.map(dict), offered ? tools : null, { add_generation_prompt: true });
      return encodeWithPictures(tokenizer, text.replaceAll("<image>", pictureText), imageTokens);
    },
    // No newline before it: the template is applied to the tool's message alone.
    observation: (said, imageTokens) =>
      encodeWithPictures(
        tokenizer,
        `<|im_start|>user\n<tool_response>\n${pictureText.repeat(imageTokens.length)}${said}\n</tool_response><|im_end|>\n<|im_start|>assistant\n`,
        imageTokens,
      ),
  };
}

/**
 * DeepEyes: a row's messages as they stand, its system prompt among them; a question without messages gets
 * SYSTEM_PROMPT_V2 where it may zoom. Beside a crop the format is asked for again; an error is a turn of the user's.
 */
export function deepEyesChat(tokenizer: Tokenizer, { rotate }: Offered): Chat {
  const withRotation = (system: string) =>
    rotate ? system.replace("\n</tools>", () => `\n${rotateSchema}\n</tools>`) : system;
  return {
    ...shared(tokenizer),
    prompt: (opening, imageTokens) => {
      const { messages = [], tools = true } = opening;
      const turns =
        messages.length > 0
          ? messages
          : [
              { role: "system", content: tools ? deepEyesSystem : plainSystem },
              ...userTurns(opening, [], imageTokens.length),
            ];
      const text = turns.map(
        ({ role, content }) =>
          `<|im_start|>${role}\n${role === "system" ? withRotation(content) : content}<|im_end|>\n`,
      );
      return encodeWithPictures(
        tokenizer,
        `${text.join("").replaceAll("<image>", pictureText)}<|im_start|>assistant\n`,
        imageTokens,
      );
    },
    observation: (said, imageTokens) => {
      const content =
        imageTokens.length > 0
          ? `<tool_response>${pictureText.repeat(imageTokens.length)}${deepEyesUser}</tool_response>`
          : said;
      return encodeWithPictures(
        tokenizer,
        `\n<|im_start|>user\n${content}<|im_end|>\n<|im_start|>assistant\n`,
        imageTokens,
      );
    },
  };
}

/** A row's messages but for the system's; a question without messages stands under its pictures, the format asked for behind it. */
function userTurns({ question, tools = true }: Opening, messages: Opening["messages"], pictures: number) {
  if (messages && messages.length > 0) return messages.filter(({ role }) => role !== "system");
  const asked = tools ? deepEyesUser : "";
  const placed = question.includes("<image>");
  const before = pictures > 0 && !placed ? `${"<image>".repeat(pictures)}\n` : "";
  return [{ role: "user", content: `${before}${question}${asked}` }];
}

const dict = (message: { role: string; content: string }): PythonValue => new Map(Object.entries(message));

function shared(tokenizer: Tokenizer): Pick<Chat, "stops" | "toolCallStart" | "reserved"> {
  const known = (...tokens: string[]) => tokens.flatMap((token) => tokenizer.find(token) ?? []);
  return {
    stops: [tokenizer.id("<|im_end|>"), ...known("<|endoftext|>")],
    toolCallStart: tokenizer.id("<tool_call>"),
    // An image token without a picture has no embedding.
    reserved: [tokenizer.id("<|image_pad|>"), ...known("<|video_pad|>")],
  };
}
