import { type Json, jsonObject, parseJson } from "../../model/json_file.ts";
import type { Tokenizer } from "../../policy/tokenizer.ts";
import { joinTokenizer, qwenSplit } from "../../policy/tokenizer_parts.ts";

/** Added tokens of Qwen2.5-VL from id 151643 on, in order. */
const firstAdded = 151_643;
const added = [
  ..."endoftext im_start im_end object_ref_start object_ref_end box_start box_end quad_start quad_end".split(" "),
  ..."vision_start vision_end vision_pad image_pad video_pad".split(" "),
].map((name) => `<|${name}|>`);
const addedWords = ["<tool_call>", "</tool_call>"];

/** Twelve times the file of Qwen2.5-VL. */
const maxFileBytes = 128 * 2 ** 20;

/**
 * The tokenizer of a folder: tokenizer.json, or vocab.json and merges.txt of Qwen2.5-VL, to which its added tokens
 * are given here.
 * @param find a file of the folder, null where there is none
 */
export async function openTokenizer(find: (name: string) => Promise<Uint8Array | null>): Promise<Tokenizer> {
  const source = await tokenizerSource(find);
  // The page fetches the library with the first of them.
  const { Tokenizer } = await import("../../policy/tokenizer.ts");
  return new Tokenizer(source);
}

/** The same as the contents of a tokenizer.json. */
export async function tokenizerSource(find: (name: string) => Promise<Uint8Array | null>): Promise<Json> {
  const text = async (name: string) => {
    const bytes = await find(name);
    if (bytes && bytes.length > maxFileBytes)
      throw new Error(`${name}: expected at most ${maxFileBytes} bytes, found ${bytes.length}; this is another file`);
    return bytes && new TextDecoder().decode(bytes);
  };
  const json = (value: string, name: string) => jsonObject(parseJson(value, name), name);
  const whole = await text("tokenizer.json");
  if (whole) return json(whole, "tokenizer.json");
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
  return joinTokenizer({
    vocab: json(vocab, "vocab.json") as Record<string, number>,
    merges,
    split: qwenSplit,
    addedTokens,
  }) as Json;
}
