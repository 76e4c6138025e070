import { type Chat, compactChat } from "./chat.ts";
import type { OfferedTool, PromptName } from "./offered_tool.ts";
import { deepEyesChat, verlChat } from "./recipe_chats.ts";
import type { Vocabulary } from "./vocabulary.ts";

const chats: Record<PromptName, (tokenizer: Vocabulary, tools: readonly OfferedTool[]) => Chat> = {
  compact: compactChat,
  verl: verlChat,
  deepeyes: deepEyesChat,
};

/** The form of conversation that goes by a name. @param tools  what prompts describe, where a task offers tools */
export const openChat = (name: PromptName, tokenizer: Vocabulary, tools: readonly OfferedTool[]): Chat =>
  chats[name](tokenizer, tools);
