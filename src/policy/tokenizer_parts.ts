/** How Qwen2 and later cut text into pieces (tokenizer.json of Qwen2.5-VL). */
export const qwenSplit =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** A token that is cut out of a text before anything else is done to it. */
export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  normalized: boolean;
  lstrip: boolean;
  rstrip: boolean;
  single_word: boolean;
}

/** The parts of a byte-level BPE tokenizer, where no tokenizer.json holds them together. */
export interface TokenizerParts {
  /** vocab.json: token to id. */
  vocab: Record<string, number>;
  /** merges.txt, line ends of either kind; a first line that begins with "#version" does not count. */
  merges: string;
  /** The regular expression that cuts a text into pieces, each kept as it is. */
  split: string;
  addedTokens: readonly AddedToken[];
}

/** The contents of a tokenizer.json made of its parts: NFC, pieces by `split`, bytes as letters, merges by rank. */
export function joinTokenizer({ vocab, merges, split, addedTokens }: TokenizerParts): object {
  const pairs = merges
    .split(/\r?\n/)
    .filter((line, index) => line !== "" && !(index === 0 && line.startsWith("#version")))
    .map((line) => line.split(" "));
  const odd = pairs.find((pair) => pair.length !== 2);
  if (odd) throw new Error(`A line of merges.txt must hold two tokens, found "${odd.join(" ")}"`);
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: split }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: pairs,
    },
  };
}
