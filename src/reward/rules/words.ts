/** Words without punctuation. */
const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];

/** What an answer may add to what it says: articles, and the beginnings of a sentence. */
const withoutFiller = (text: string): string =>
  text
    .replace(/^["'“”‘’]+|["'“”‘’.!]+$/g, "")
    .replace(/^(?:it is|it's|this is|that is|they are|there is|there are|the answer is)\s+/, "")
    .replace(/^(?:an?|the)\s+(?=\S)/, "")
    .trim();

/** All below get their texts in lower case, and give null where they do not decide. */
export type WordRule = (given: string, gold: string, question: string) => boolean | null;

export const samePhrase: WordRule = (given, gold) => {
  const [ours, theirs] = [withoutFiller(given), withoutFiller(gold)];
  // "5!" is 120 to some, and "5.." is cut off.
  const [one, other] = [given, gold].map((text) => /\d ?(?:!+|\.{2,})["']?$/.test(text));
  return ours !== "" && ours === theirs && !one && !other ? true : null;
};

/** "是的", "不是", "有": what is affirmed or denied, by the word alone. */
const polarities: readonly [RegExp, asked: string, isYes: boolean][] = [
  [/^(?:yes|yeah|yep|是|是的)$/, "yes", true],
  [/^(?:对|对的)$/, "yes or true", true],
  [/^(?:no|nope|否|不|不是|不是的)$/, "yes", false],
  [/^不对$/, "yes or true", false],
  [/^(?:true|正确|正确的)$/, "true", true],
  [/^(?:false|错|错误|错误的|不正确)$/, "true", false],
  [/^(?:有|有的)$/, "has", true],
  [/^(?:没有|没|无)$/, "has", false],
];
const polarityOf = (text: string) => {
  const found = polarities.find(([pattern]) => pattern.test(text.replace(/[.!]+$/, "")));
  return found && { asked: found[1], isYes: found[2] };
};

/** "Yes" for "Yes, the kite is brown and large". A "yes" that goes on may say something else. */
export const sameYesOrNo: WordRule = (given, gold) => {
  const words = [polarityOf(given), polarityOf(gold)];
  if (words[0] && words[1]) {
    const [a, b] = [words[0].asked, words[1].asked];
    return a.includes(b) || b.includes(a) ? words[0].isYes === words[1].isYes : null;
  }
  // Not "No. 5", nor "no dogs": that may be said of how many there are.
  const polarity = (text: string) => /^(yes|no)(?=$|[,.;:!]+(?:$| (?!\d))| -)/u.exec(text)?.[1];
  const theirs = polarity(gold);
  // "No, it is" and "yes, it is not" say both.
  const alone =
    /^(?:(yes|yeah|yep)(?:,? (?:it|there|he|she|they) (?:is|are|does|do|has|have))?|(no|nope)(?:,? (?:it|there|he|she|they) (?:is|are|does|do|has|have)(?:n't| not))?)[.!]?$/;
  const match = alone.exec(given);
  const bare = match ? (match[1] ? "yes" : "no") : undefined;
  if (theirs === undefined) return null;
  if (bare !== undefined) return bare === theirs;
  const ours = polarity(given);
  if (ours === undefined || ours === theirs || /\bnot\b|n't\b|\bno\b.*\bno\b/.test(`${given} ${gold}`)) return null;
  return false;
};

/** "Is it tan or blue?": one of two words that the question offers, where the gold answer has just one of them. */
export const sameAlternative: WordRule = (given, gold, question) => {
  const [, first, second] =
    /([\p{L}-]+) or (?:(?:to|on|in|at|is it) )?(?:(?:an?|the) )?([\p{L}-]+)/u.exec(question) ?? [];
  return first === undefined || second === undefined ? null : oneOf([first, second], given, gold);
};

/** The side that is asked for. */
export const sameSide: WordRule = (given, gold, question) =>
  /\b(?:side|where|left|right)\b/.test(question) ? oneOf(["left", "right"], given, gold) : null;

function oneOf(pair: readonly string[], given: string, gold: string): boolean | null {
  const said = withoutFiller(given)
    .replace(/^(?:(?:to|on|in|at) )?(?:the )?/, "")
    .replace(/ side$/, "");
  const meant = pair.filter((word) => wordsOf(gold).includes(word));
  if (meant.length !== 1 || !pair.includes(said)) return null;
  // "Not blue" has the word and means the other.
  return /\bnot?\b|n't\b/.test(gold) ? null : said === meant[0];
}

/** Eleven unambiguous names; beige or gold may be called tan or yellow. */
const colours = "black white red green blue yellow orange purple pink brown gray".split(" ");

/** The first sign of their names in Chinese, as "红", "红色" or "红色的". */
const chinese = new Map(
  Object.entries({
    黑: "black",
    白: "white",
    红: "red",
    紅: "red",
    绿: "green",
    綠: "green",
    蓝: "blue",
    藍: "blue",
    黄: "yellow",
    黃: "yellow",
    橙: "orange",
    紫: "purple",
    粉: "pink",
    棕: "brown",
    灰: "gray",
  }),
);

/** The colour that a text is, and no word more. */
function onlyColour(text: string): string | null {
  const said = withoutFiller(text)
    .replace(/^gr[ae]y$/, "gray")
    .replace(/ colou?r$/, "");
  if (colours.includes(said)) return said;
  const [, sign = ""] = /^(\p{Script=Han})红?(?:色|颜色)?的?$/u.exec(said.replace(/^颜色是/, "")) ?? [];
  const name = chinese.get(sign);
  return name !== undefined && (said[1] !== "红" || name === "pink") ? name : null;
}

/** The colours that are asked for, and nothing else. */
export const sameColours: WordRule = (given, gold, question) => {
  const only = [onlyColour(given), onlyColour(gold)];
  if (only[0] && only[1]) return only[0] === only[1];
  if (!/\bcolou?rs?\b/.test(question)) return null;
  const named = (text: string) => wordsOf(text).map((word) => (word === "grey" ? "gray" : word));
  const ours = named(withoutFiller(given)).filter((word) => !["and", "with", "color", "colour"].includes(word));
  const theirs = new Set(named(gold).filter((word) => colours.includes(word)));
  if (ours.length === 0 || theirs.size === 0 || !ours.every((word) => colours.includes(word))) return null;
  if (/\bnot?\b|n't\b/.test(gold)) return null;
  const shared = new Set(ours).intersection(theirs).size;
  if (shared === 0) return false;
  return shared === theirs.size && new Set(ours).size === theirs.size ? true : null;
};

const smallWords = new Set("a an the is are was were it its of to in on at by this that there".split(" "));

/**
 * "a tennis racket" for "The man is holding a tennis racket": the answer ends the gold sentence, and what stands before
 * it there repeats the question. The answer must bring what the question does not have.
 */
export const completesSentence: WordRule = (given, gold, question) => {
  const [ours, theirs, asked] = [wordsOf(withoutFiller(given)), wordsOf(gold), new Set(wordsOf(question))];
  if (ours.length === 0 || ours.length >= theirs.length || asked.size === 0) return null;
  const before = theirs.slice(0, -ours.length);
  if (theirs.slice(-ours.length).join(" ") !== ours.join(" ")) return null;
  if (before.some((word) => ["no", "not", "yes"].includes(word) || /n't$/.test(word))) return null;
  const isNew = (word: string) => !asked.has(word) && !smallWords.has(word);
  return !before.some(isNew) && ours.some(isNew) ? true : null;
};
