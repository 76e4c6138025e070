import { excerpt, type Json, jsonObject, wholeNumber } from "../model/json_file.ts";

/**
 * What a tokenizer.json may hold: byte-level BPE as all Qwen models have it, and what stands around it. A part that our
 * library treats differently from `tokenizers`, or that could grow a text without bound, is refused by name, as are tokens
 * that contradict each other. Sources: `tokenizers` 0.23, models/bpe/builder and added_vocabulary.
 */

const file = "tokenizer.json";
/** Ids lie below it: seven times the vocabulary of Qwen. */
const maxVocabulary = 2 ** 20;
const maxMerges = 2 ** 21;
const maxAddedTokens = 2 ** 14;
const maxTokenLength = 2048;
const maxParts = 16;

/** @throws Error with one sentence about the first thing that is wrong */
export function checkTokenizer(source: Json): void {
  const model = source.model as Json;
  if (model.type !== undefined && model.type !== "BPE")
    throw new Error(`${file}: model.type is ${excerpt(model.type)}, only "BPE" is supported`);
  const ids = checkVocabulary(model);
  checkAddedTokens(source.added_tokens ?? [], ids);
  checkMerges(model, ids);
  checkParts(source);
}

/** Ids by token, and which are taken. */
interface Ids {
  of: Map<string, number>;
  taken: Map<number, string>;
}

function checkVocabulary(model: Json): Ids {
  const entries = Object.entries(jsonObject(model.vocab, `${file}: model.vocab`));
  if (entries.length > maxVocabulary)
    throw new Error(`${file}: model.vocab must have at most ${maxVocabulary} tokens, found ${entries.length}`);
  const ids: Ids = { of: new Map(), taken: new Map() };
  for (const [token, id] of entries) take(ids, token, id, "model.vocab");
  for (const key of ["continuing_subword_prefix", "end_of_word_suffix", "dropout"])
    if (model[key]) throw new Error(`${file}: model.${key} is ${excerpt(model[key])}, only null is supported`);
  const { unk_token: unknown = null } = model;
  if (unknown !== null && !(typeof unknown === "string" && ids.of.has(unknown)))
    throw new Error(`${file}: model.unk_token is ${excerpt(unknown)}, which is not a token of model.vocab`);
  return ids;
}

function take({ of, taken }: Ids, token: string, id: unknown, where: string): void {
  if (token.length > maxTokenLength)
    throw new Error(
      `${file}: ${where} has a token of ${token.length} characters, at most ${maxTokenLength} are supported: ${excerpt(token)}`,
    );
  const number = wholeNumber(id, `${file}: ${where}: the id of ${excerpt(token)}`, 0, maxVocabulary - 1);
  const other = taken.get(number);
  if (other !== undefined && other !== token)
    throw new Error(`${file}: ${where} gives ${excerpt(token)} the id ${number}, which ${excerpt(other)} has`);
  const before = of.get(token);
  if (before !== undefined && before !== number)
    throw new Error(`${file}: ${where} gives ${excerpt(token)} the id ${number}, elsewhere it has ${before}`);
  of.set(token, number);
  taken.set(number, token);
}

function checkAddedTokens(tokens: unknown, ids: Ids): void {
  if (!Array.isArray(tokens) || tokens.length > maxAddedTokens)
    throw new Error(`${file}: added_tokens must be a list of at most ${maxAddedTokens} tokens`);
  for (const one of tokens) {
    const token = jsonObject(one, `${file}: added_tokens: ${excerpt(one)}`);
    if (typeof token.content !== "string" || token.content === "")
      throw new Error(`${file}: added_tokens: content must be text, found ${excerpt(token.content)}`);
    if (token.single_word)
      throw new Error(
        `${file}: added_tokens: single_word is true for ${excerpt(token.content)}, only false is supported`,
      );
    take(ids, token.content, token.id, "added_tokens");
  }
}

function checkMerges({ merges }: Json, { of }: Ids): void {
  if (!Array.isArray(merges) || merges.length > maxMerges)
    throw new Error(`${file}: model.merges must be a list of at most ${maxMerges} pairs`);
  const arePairs = Array.isArray(merges[0]);
  for (const merge of merges) {
    const pair: unknown = arePairs ? merge : typeof merge === "string" ? merge.split(" ") : null;
    const [first, second, ...more]: unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof first !== "string" || typeof second !== "string" || more.length > 0)
      throw new Error(`${file}: model.merges must hold pairs of tokens, all written alike, found ${excerpt(merge)}`);
    const missing = [first, second, first + second].find((token) => !of.has(token));
    if (missing !== undefined)
      throw new Error(
        `${file}: model.merges has ${excerpt(merge)}, but ${excerpt(missing)} is not a token of model.vocab`,
      );
  }
}

/** Parts that stand around the model: the types of each, and the key under which a "Sequence" holds others. */
const supported: Readonly<Record<string, { types: readonly string[]; key: string }>> = {
  normalizer: { types: ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"], key: "normalizers" },
  pre_tokenizer: {
    types: ["ByteLevel", "Split", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit"],
    key: "pretokenizers",
  },
  post_processor: { types: ["ByteLevel", "TemplateProcessing"], key: "processors" },
  decoder: { types: ["ByteLevel", "Fuse"], key: "decoders" },
};

function checkParts(source: Json): void {
  for (const [name, { types, key }] of Object.entries(supported)) {
    const parts = partsIn(source[name] ?? null, name, key);
    // Each writes bytes as letters once more, and a text would double with every one.
    for (const once of ["ByteLevel", "TemplateProcessing"])
      if (parts.filter(({ type }) => type === once).length > 1)
        throw new Error(`${file}: ${name} has ${once} more than once`);
    for (const part of parts) {
      if (!types.includes(part.type as string))
        throw new Error(`${file}: ${name} has type ${excerpt(part.type)}, only ${types.join(", ")} are supported`);
      if (part.type === "Split") checkSplit(part);
      if (part.type === "TemplateProcessing") checkTemplate(part);
    }
  }
}

function partsIn(value: unknown, name: string, key: string): Json[] {
  const parts: Json[] = [];
  const add = (one: unknown): void => {
    if (one === null) return;
    const part = jsonObject(one, `${file}: ${name}`);
    if (part.type !== "Sequence") {
      if (parts.push(part) > maxParts) throw new Error(`${file}: ${name} has more than ${maxParts} parts`);
      return;
    }
    const held = part[key];
    if (!Array.isArray(held) || held.length > maxParts)
      throw new Error(
        `${file}: ${name}: a Sequence must hold a list of at most ${maxParts} parts, found ${excerpt(held)}`,
      );
    for (const inner of held) add(inner);
  };
  add(value);
  return parts;
}

function checkSplit({ pattern, behavior, invert }: Json): void {
  const where = `${file}: pre_tokenizer: Split`;
  const { Regex, String: text } = jsonObject(pattern, `${where}: pattern`);
  if (typeof (Regex ?? text) !== "string")
    throw new Error(`${where}: pattern must hold a Regex or a String, found ${excerpt(pattern)}`);
  const behaves = String(behavior).toLowerCase();
  const isFollowed = invert === true ? behaves === "removed" : behaves === "isolated" || behaves === "removed";
  if (!isFollowed)
    throw new Error(
      `${where}: behavior is ${excerpt(behavior)}${invert === true ? " with invert" : ""}, only ${invert === true ? "" : '"Isolated" and '}"Removed" can be followed`,
    );
}

/** Special tokens are left out; the text has to come through once. */
function checkTemplate({ single }: Json): void {
  const isText = (item: unknown) => (item as { Sequence?: { id?: unknown } } | null)?.Sequence?.id === "A";
  const isSpecial = (item: unknown) => typeof (item as { SpecialToken?: unknown } | null)?.SpecialToken === "object";
  if (
    !Array.isArray(single) ||
    single.length > maxParts ||
    !single.every((item) => isText(item) || isSpecial(item)) ||
    single.filter(isText).length !== 1
  )
    throw new Error(
      `${file}: post_processor: single must hold the Sequence "A" once beside special tokens, found ${excerpt(single)}`,
    );
}
