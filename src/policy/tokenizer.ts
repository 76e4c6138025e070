import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";

const notText = "\uFFFD";

/**
 * Text to token ids and back, by a Hugging Face `tokenizer.json`. Added tokens are cut out of the text first, the
 * longest at the leftmost place, as the `tokenizers` library does it.
 */
export class Tokenizer {
  /** Number of tokens, added ones included. A checkpoint may have more embedding rows than this. */
  readonly size: number;
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #texts = new Map<number, string>();
  readonly #specials = new Map<number, boolean>();

  /**
   * @param source parsed `tokenizer.json`
   * @throws Error where it is not one
   */
  constructor(source: object) {
    const model = (source as { model?: { vocab?: object } }).model;
    if (!model?.vocab)
      throw new Error(
        `Expected the contents of a tokenizer.json with model.vocab, found the keys ${Object.keys(source).join(", ") || "(none)"}; use the file beside the model's weights`,
      );
    this.#tokenizer = new HuggingFaceTokenizer(source, { clean_up_tokenization_spaces: false });
    this.size = this.#tokenizer.get_vocab().size;
  }

  /** Ids of `text`, nothing added in front or behind. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * Text of `ids`, special tokens kept unless `withoutSpecial` (those marked special go; `<tool_call>` is not). Never
   * throws: bytes that are no UTF-8, and ids that have no token (a model with padded embeddings may draw them), become
   * U+FFFD.
   */
  decode(ids: readonly number[], { withoutSpecial = false }: { withoutSpecial?: boolean } = {}): string {
    let text = "";
    for (let from = 0; from < ids.length; ) {
      let to = from;
      while (to < ids.length && this.#tokenizer.id_to_token(ids[to]!) !== undefined) to++;
      if (to > from)
        text += this.#tokenizer.decode(ids.slice(from, to), {
          skip_special_tokens: withoutSpecial,
          clean_up_tokenization_spaces: false,
        });
      else text += notText;
      from = Math.max(to, from + 1);
    }
    return text;
  }

  /** Text of each token by itself; a byte that is no UTF-8 alone shows as U+FFFD. */
  texts(ids: readonly number[]): string[] {
    return ids.map((id) => {
      let text = this.#texts.get(id);
      if (text === undefined) {
        text = this.decode([id]);
        this.#texts.set(id, text);
      }
      return text;
    });
  }

  /** Whether `decode` leaves a token out where it is to. */
  isSpecial(id: number): boolean {
    let special = this.#specials.get(id);
    if (special === undefined) {
      special = this.decode([id], { withoutSpecial: true }) === "" && this.decode([id]) !== "";
      this.#specials.set(id, special);
    }
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
