/** A part of a message: text, or a picture as a data: URL. */
export type MessagePart = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

/** A call as OpenAI's interface has it. */
export interface NativeCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

/** A message of OpenAI's chat interface. */
export type Message =
  | { role: "system" | "user"; content: string | MessagePart[] }
  | { role: "assistant"; content: string; tool_calls?: NativeCall[] }
  | { role: "tool"; tool_call_id: string; content: string };

const turn = /<\|im_start\|>(\w+)\n([\s\S]*?)<\|im_end\|>/g;
const picture = /<\|vision_start\|>(?:<\|image_pad\|>)+<\|vision_end\|>/;

/**
 * The closed turns of a conversation's text as messages; chats are written as ChatML (chat.ts). The turn that the model
 * is to write is left out.
 * @param pictures  data: URLs of the pictures in the text, in order
 * @throws Error where there are other than these
 */
export function messagesOf(text: string, pictures: readonly string[]): Message[] {
  let next = 0;
  const messages = [...text.matchAll(turn)].map(([, role = "", content = ""]): Message => {
    const [first = "", ...rest] = content.split(picture);
    const parts: MessagePart[] = first === "" ? [] : [{ type: "text", text: first }];
    for (const after of rest) {
      const url = pictures[next++];
      if (url === undefined)
        throw new Error(
          `The conversation shows more than its ${pictures.length} pictures; a text has their mark in it`,
        );
      parts.push({ type: "image_url", image_url: { url } });
      if (after !== "") parts.push({ type: "text", text: after });
    }
    if (role === "assistant") return { role, content };
    return { role: role === "system" ? "system" : "user", content: rest.length > 0 ? parts : content };
  });
  if (next < pictures.length)
    throw new Error(
      `The conversation shows ${next} pictures, there are ${pictures.length}; its turns cannot be told apart`,
    );
  return messages;
}

/**
 * What a tool answered as OpenAI's interface has it: a message of the tool, and its pictures in one of the user's, since
 * messages of tools hold text alone.
 */
export function asToolMessages(messages: readonly Message[], { id }: NativeCall): Message[] {
  const [first, ...rest] = messages;
  if (first?.role !== "user") return [...messages];
  const parts = typeof first.content === "string" ? [{ type: "text" as const, text: first.content }] : first.content;
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  const answered = text.replace(/^\s*<tool_response>\n?|\n?<\/tool_response>\s*$/g, "");
  const pictures = parts.filter(({ type }) => type === "image_url");
  return [
    { role: "tool", tool_call_id: id, content: answered === "" ? "The picture follows." : answered },
    ...(pictures.length > 0 ? [{ role: "user" as const, content: pictures }] : []),
    ...rest,
  ];
}
