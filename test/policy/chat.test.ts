import { describe, expect, test } from "vitest";
import { compactChat } from "../../src/policy/chat.ts";
import { Tokenizer } from "../../src/policy/tokenizer.ts";
import conversations from "../golden/chat/conversations.json" with { type: "json" };
import source from "../golden/tokenizer-needle.json" with { type: "json" };

const tokenizer = new Tokenizer(source);
const chat = compactChat(tokenizer);

describe("compact", () => {
  test("writes prompt and observation as the reference conversations have them", () => {
    for (const { text, ids, policy_mask } of conversations) {
      const question = /<\|vision_end\|>(What[^<]*)<\|im_end\|>/.exec(text)![1]!;
      const start = policy_mask.indexOf(1);
      const called = policy_mask.indexOf(0, start);
      const resumed = policy_mask.indexOf(1, called);
      expect(chat.prompt({ question }, [16])).toEqual(ids.slice(0, start));
      expect(chat.observation("", [16])).toEqual(ids.slice(called, resumed));
      expect(chat.toolCallStart).toBe(ids[start]);
      expect(chat.stops).toEqual([ids[called - 1]]);
    }
  });

  test("writes one run of image tokens a picture, each in its own frame", () => {
    expect(tokenizer.decode(chat.prompt({ question: "Read." }, [1, 2]))).toBe(
      "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|><|vision_start|><|image_pad|><|image_pad|><|vision_end|>Read.<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("answers a bad call with a sentence in place of the picture", () => {
    expect(tokenizer.decode(chat.observation("Error: no", []))).toBe(
      "\n<|im_start|>user\n<tool_response>Error: no</tool_response><|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("reserves the tokens that only the world may write", () => {
    expect(tokenizer.texts(chat.reserved)).toEqual(["<|image_pad|>", "<|endoftext|>"]);
  });

  test("needs the tokens that it writes", () => {
    const without = { ...source, added_tokens: source.added_tokens.filter(({ content }) => content !== "<tool_call>") };
    expect(() => compactChat(new Tokenizer(without))).toThrow('no token "<tool_call>"');
  });
});
