import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import type { Json } from "../model/json_file.ts";
import type { Budget } from "../model/pattern/match.ts";
import { PatternError } from "../model/pattern/pattern.ts";
import { SplitPattern, stepsFor } from "./split_pattern.ts";
import { checkTokenizer } from "./tokenizer_check.ts";
import { qwenSplit } from "./tokenizer_parts.ts";

/** Keys that the library needs, and a file may leave out. */
const absent = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };

/** Patterns for which the runtime's own engine takes time linear in the text; each was examined. */
const known: readonly string[] = [qwenSplit];

interface Splitter {
  config?: { pattern?: { Regex?: string } };
  pattern?: RegExp;
  tokenizers?: (Splitter | null)[];
}

/** Replaces third-party patterns by ones whose steps are counted. @throws PatternError for one that has no such form */
function boundPatterns(splitter: unknown, budget: Budget): void {
  const { config, pattern, tokenizers } = (splitter ?? {}) as Splitter;
  for (const one of tokenizers ?? []) boundPatterns(one, budget);
  const source = config?.pattern?.Regex;
  if (source === undefined || !pattern || known.includes(source)) return;
  (splitter as Splitter).pattern = new SplitPattern(pattern, pattern.flags, budget);
}

const notText = "\uFFFD";

/** Texts whose ids are kept, and their length in characters. */
const mostKept = 4096;
const longestKept = 256;

/**
 * Text to token ids and back, by a Hugging Face `tokenizer.json`. Added tokens are cut out of the text first, the
 * longest at the leftmost place, as the `tokenizers` library does it.
 */
export class Tokenizer {
  /** Number of tokens, added ones included. A checkpoint may have more embedding rows than this. */
  readonly size: number;
  /** Ids lie from 0 to this one. */
  readonly largestId: number;
  readonly #tokenizer: HuggingFaceTokenizer;
  /** Steps that patterns have left for the text that is encoded. */
  readonly #budget: Budget = { left: 0 };
  readonly #texts: string[] = [];
  /** Ids of texts that came before: a step writes the same few around each picture and question. */
  readonly #encoded = new Map<string, readonly number[]>();
  readonly #specials: boolean[] = [];

  /**
   * @param source parsed `tokenizer.json`
   * @throws Error where it is not one, or holds what is not supported here (see tokenizer_check.ts)
   */
  constructor(source: object) {
    const model = (source as { model?: { vocab?: object } }).model;
    if (typeof model?.vocab !== "object" || model.vocab === null)
      throw new Error(
        `Expected the contents of a tokenizer.json with model.vocab, found the keys ${Object.keys(source).join(", ") || "(none)"}; use the file beside the model's weights`,
      );
    checkTokenizer(source as Json);
    const named = Object.entries(source).filter(([, value]) => value !== undefined);
    const whole = { ...absent, ...Object.fromEntries(named), model: { ...model, type: "BPE" } };
    try {
      this.#tokenizer = new HuggingFaceTokenizer(whole, { clean_up_tokenization_spaces: false });
      boundPatterns(this.#tokenizer.pre_tokenizer, this.#budget);
    } catch (error) {
      throw new Error(`tokenizer.json: a pattern of pre_tokenizer cannot be used: ${(error as Error).message}`);
    }
    this.size = this.#tokenizer.get_vocab().size;
    this.largestId = (this.#tokenizer.model?.vocab.length ?? 0) - 1;
  }

  /**
   * Ids of `text`, nothing added in front or behind.
   * @throws Error where a pattern of the file takes too long on it
   */
  encode(text: string): number[] {
    const known = this.#encoded.get(text);
    if (known) return known.slice();
    const ids = this.#encodeAnew(text);
    if (text.length <= longestKept) {
      if (this.#encoded.size >= mostKept) this.#encoded.clear();
      this.#encoded.set(text, ids.slice());
    }
    return ids;
  }

  #encodeAnew(text: string): number[] {
    this.#budget.left = stepsFor(text);
    try {
      return this.#encode(text);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw new Error(
        `tokenizer.json: a pattern of pre_tokenizer cannot be used: ${error.message} of ${text.length} characters; use the tokenizer.json of the model's authors`,
      );
    }
  }

  #encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * Text of `ids`, special tokens included unless `withoutSpecial` (which leaves out those marked special; `<tool_call>` is not). Never
   * throws: bytes that are not UTF-8, and ids that have no token (a model with padded embeddings may sample them), become
   * U+FFFD.
   */
  decode(ids: readonly number[], { withoutSpecial = false }: { withoutSpecial?: boolean } = {}): string {
    // Token by token where every token is whole characters, which a byte-level tokenizer allows: several times as fast.
    let text = "";
    for (const id of ids) {
      const own = this.text(id);
      if (own.includes(notText)) return this.#decodeTogether(ids, withoutSpecial);
      if (!withoutSpecial || !this.isSpecial(id)) text += own;
    }
    return text;
  }

  #decodeTogether(ids: readonly number[], withoutSpecial: boolean): string {
    let text = "";
    let known: number[] = [];
    const flush = () => {
      if (known.length === 0) return;
      text += this.#tokenizer.decode(known, {
        skip_special_tokens: withoutSpecial,
        clean_up_tokenization_spaces: false,
      });
      known = [];
    };
    for (const id of ids) {
      if (this.#tokenizer.id_to_token(id) !== undefined) known.push(id);
      else {
        flush();
        text += notText;
      }
    }
    flush();
    return text;
  }

  /** Text of each token by itself; a byte that is not UTF-8 alone shows as U+FFFD. */
  texts(ids: readonly number[]): string[] {
    return ids.map((id) => this.text(id));
  }

  /** Text of one token by itself. */
  text(id: number): string {
    const known = this.#texts[id];
    if (known !== undefined) return known;
    const text = this.#decodeTogether([id], false);
    if (this.#isKnown(id)) this.#texts[id] = text;
    return text;
  }

  /** Ids of other tokens, however large, are kept in no list. */
  #isKnown(id: number): boolean {
    return id >= 0 && id <= this.largestId;
  }

  /** Whether `decode` leaves a token out if asked for a text without special ones. */
  isSpecial(id: number): boolean {
    const known = this.#specials[id];
    if (known !== undefined) return known;
    const special = this.#decodeTogether([id], true) === "" && this.text(id) !== "";
    if (this.#isKnown(id)) this.#specials[id] = special;
    return special;
  }

  /** Id of a token, null where there is none. */
  find(token: string): number | null {
    return this.#tokenizer.token_to_id(token) ?? null;
  }

  /** Id of a token that must exist. @throws Error that names it */
  id(token: string): number {
    const id = this.#tokenizer.token_to_id(token);
    if (id === undefined)
      throw new Error(
        `The tokenizer has no token "${token}"; use the tokenizer.json of a Qwen-VL style model with tool-call tokens`,
      );
    return id;
  }
}
