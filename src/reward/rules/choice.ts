/** A choice as written: its letter, and its text where there is one. */
interface Choice {
  letter: string;
  text: string;
}

/**
 * Whether an answer is the right one of a multiple choice of up to ten: "B", "(b)", "B. red", "Option B", "选B", or the
 * text of the option. All three texts in lower case and without layout. Null where there is no choice, where letter
 * and text disagree, and where more than one choice is named.
 */
export function sameChoice(given: string, gold: string, question: string): boolean | null {
  const options = optionsOf(question);
  const [ours, theirs] = [choiceOf(given), choiceOf(gold)];
  if (ours !== null && theirs !== null) {
    const text = theirs.text || (options.get(theirs.letter) ?? "");
    if (namesAnother(theirs.text)) return null;
    const sameText = ours.text === "" || (text !== "" && bare(ours.text) === bare(text));
    if (!sameText && saysMore(ours.text)) return null;
    const named = options.get(ours.letter);
    if (ours.text !== "" && named !== undefined && bare(ours.text) !== bare(named)) return null;
    if (ours.letter !== theirs.letter) return false;
    return sameText || text === "" ? true : null;
  }
  const goldText = theirs === null ? gold : theirs.text || options.get(theirs.letter);
  if (ours !== null) {
    // The gold answer is a text: the letter stands for one.
    const text = options.get(ours.letter);
    if (text === undefined || ours.text !== "") return null;
    return bare(text) === bare(gold);
  }
  if (theirs === null || goldText === undefined) return null;
  if (bare(given) === bare(goldText)) return true;
  // "B red": the letter alone may be an article, with the text it is none.
  if (goldText !== "" && bare(given) === `${theirs.letter} ${bare(goldText)}`) return true;
  return [...options.values()].some((text) => bare(text) === bare(given)) ? false : null;
}

const openings =
  /^(?:i (?:choose|pick|select|would choose|would pick)|i'd (?:go with|choose|pick)|(?:it|this|that) is|it's|my (?:answer|choice) is:?|(?:the )?(?:(?:correct|right|best|final) )*(?:answer|option|choice|letter)(?: is)?:?|(?:因此|所以|故|本题)?[应我]?(?:选择|选项|选|選擇|選項|選)[是为]?:?|答案[是为]?:?|答:?) ?(?=\S)/;
const closings =
  /(?: is (?:the )?(?:correct|right|best)(?: (?:answer|option|choice|one))?| is the answer|(?:选项|项)?(?:是?(?:正确|对)的?)?)[.!]?$/;

function choiceOf(text: string): Choice | null {
  let said = text.trim();
  for (let before = ""; before !== said; ) {
    before = said;
    // A letter of the opening is not one of the choice: "I choose" has an I.
    said = said.replace(openings, "");
  }
  said = said.replace(closings, "").trim() || said;
  const match =
    /^(?:\(([a-j])\)|\[([a-j])\]|([a-j])(?=$|[.):]|[,;!]$|,\p{Script=Han}| - ))(?:[.):,;!]| -)?( *)(.*)$/su.exec(
      said,
    ) ?? /^"([a-j])"$/.exec(said);
  if (!match) return null;
  const [, inBrackets, inSquares, alone, blank = "", rest = ""] = match;
  const letter = inBrackets ?? inSquares ?? alone ?? "";
  // "a.m.", "i.e.", "d.c."
  if (blank === "" && /^[a-z](?:\.|$)/.test(rest) && alone !== undefined) return null;
  return { letter, text: rest.trim() };
}

/** "(A)(B)", "A. or B": more than one choice, also where it is the gold answer. */
const namesAnother = (text: string): boolean => /(?<![\p{L}\p{N}'])[a-j](?=$|[).])/u.test(text);

/** A text behind a letter that may take it back, or names another. */
const saysMore = (text: string): boolean =>
  text.length > 80 ||
  /\b(?:or|and|nor|not|no|but|maybe|perhaps|wrong|incorrect|false|never|neither|either|except|instead|also|both|actually|rather|wait)\b|n't\b|[或和与及不非错]|(?<![\p{L}\p{N}'])(?:[b-j]|a(?! \p{L}))(?![\p{L}\p{N}'])/u.test(
    text,
  );

/** Options that stand in a question, each on a line of its own: "A. red", "(B) blue". */
function optionsOf(question: string): Map<string, string> {
  const found = question.matchAll(/^\s*(?:\(([a-j])\)\s+|([a-j])(?:[.):]\s+|[、:.]\s*(?=\p{Script=Han})))(\S.*)$/gmu);
  return new Map(Array.from(found, ([, inBrackets, alone, text = ""]) => [inBrackets ?? alone ?? "", text.trim()]));
}

const bare = (text: string): string =>
  text
    .replace(/[,.;:!"]+(?=\s|$)/g, "")
    .replace(/^(?:an?|the) /, "")
    .trim();
