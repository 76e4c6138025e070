import { isNumberWord } from "./number_words.ts";
import { quantity } from "./quantity.ts";

/** What makes a number in a sentence another one, or several. */
const vague = {
  before:
    /\b(?:about|approximately|around|roughly|nearly|almost|over|under|above|below|than|least|most|up to|another|other)$/,
  after: /^(?:\S+ )?(?:or|at least|at most|ish|plus|minus)\b/,
};

/** The number that a sentence is about, where it has just one and says it straight. */
export function onlyNumber(sentence: string): string | null {
  const written = sentence.split(/\s+/).map((word) => word.replace(/^[("']+|[)"',.;:!?]+$/g, ""));
  const words = written.map((word) => word.toLowerCase());
  if (words.some((word) => /^(?:not?|none|never|except|but|either|neither|nor)$|n't$/.test(word))) return null;
  const isNumber = words.map((word, i) => {
    if (/\p{N}/u.test(word)) return true;
    // "The one on the left", "someone".
    if (word === "one" && /^(?:the|this|that|which|each|every|any|another|other)$/.test(words[i - 1] ?? ""))
      return false;
    return word.split("-").every(isNumberWord) && !/^(?:second|seconds|point|minus|couple)$/.test(word);
  });
  const joins = words.map(
    (word, i) => isNumber[i] || (word === "and" && isNumber[i - 1] === true && isNumber[i + 1] === true),
  );
  const runs = written.reduce<string[][]>((found, word, i) => {
    if (joins[i] && joins[i - 1]) found.at(-1)?.push(word);
    else if (joins[i]) found.push([word]);
    return found;
  }, []);
  const [run, ...others] = runs;
  if (run === undefined || others.length > 0) return null;
  const before = words.slice(0, joins.indexOf(true)).join(" ");
  const after = words.slice(joins.lastIndexOf(true) + 1).join(" ");
  if (vague.before.test(before) || vague.after.test(after)) return null;
  // A letter behind it may belong to it: 5 K.
  const next = written[joins.lastIndexOf(true) + 1] ?? "";
  const only = run.join(" ");
  const found = quantity(only);
  return next.length === 1 || found === null || found.unit !== null || found.kind !== "cardinal" ? null : only;
}
