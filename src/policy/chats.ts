import { type Chat, compactChat } from "./chat.ts";
import { deepEyesChat, verlChat } from "./recipe_chats.ts";
import type { Tokenizer } from "./tokenizer.ts";

export type PromptName = "compact" | "verl" | "deepeyes";

/** The way of writing conversations down that goes by a name. */
export function openChat(name: PromptName, tokenizer: Tokenizer, offered: { rotate: boolean }): Chat {
  if (name === "compact") return compactChat(tokenizer);
  return name === "verl" ? verlChat(tokenizer, offered) : deepEyesChat(tokenizer, offered);
}
