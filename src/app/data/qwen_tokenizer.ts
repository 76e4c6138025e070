import { Tokenizer } from "../../policy/tokenizer.ts";
import { joinTokenizer } from "../../policy/tokenizer_parts.ts";

/** How Qwen2 and later cut text into pieces (tokenizer.json of Qwen2.5-VL). */
const split =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Added tokens of Qwen2.5-VL from id 151643 on, in order. */
const firstAdded = 151_643;
const added = [
  ..."endoftext im_start im_end object_ref_start object_ref_end box_start box_end quad_start quad_end".split(" "),
  ..."vision_start vision_end vision_pad image_pad video_pad".split(" "),
].map((name) => `<|${name}|>`);
const addedWords = ["<tool_call>", "</tool_call>"];

/**
 * The tokenizer of a folder: tokenizer.json, or vocab.json and merges.txt of Qwen2.5-VL, to which its added tokens
 * are given here.
 * @param find a file of the folder, null where there is none
 */
export async function openTokenizer(find: (name: string) => Promise<Uint8Array | null>): Promise<Tokenizer> {
  const text = async (name: string) => {
    const bytes = await find(name);
    return bytes && new TextDecoder().decode(bytes);
  };
  const whole = await text("tokenizer.json");
  if (whole) return new Tokenizer(JSON.parse(whole));
  const [vocab, merges] = [await text("vocab.json"), await text("merges.txt")];
  if (!vocab || !merges)
    throw new Error("Expected tokenizer.json, or vocab.json and merges.txt, in the tokenizer's folder, found neither");
  const addedTokens = [...added, ...addedWords].map((content, i) => ({
    id: firstAdded + i,
    content,
    special: content.startsWith("<|"),
    normalized: false,
    lstrip: false,
    rstrip: false,
    single_word: false,
  }));
  return new Tokenizer(joinTokenizer({ vocab: JSON.parse(vocab), merges, split, addedTokens }));
}
