/** A choice as written: its letter, and its text where there is one. */
interface Choice {
  letter: string;
  text: string;
}

/**
 * Whether an answer is the right one of a multiple choice: "B", "(b)", "B. red", "The answer is B", or the text of the
 * option. All three texts in lower case. Null where there is no choice, and where letter and text disagree.
 */
export function sameChoice(given: string, gold: string, question: string): boolean | null {
  const options = optionsOf(question);
  const [ours, theirs] = [choiceOf(given), choiceOf(gold)];
  if (ours !== null && theirs !== null) {
    if (ours.letter !== theirs.letter) return false;
    const text = theirs.text || (options.get(theirs.letter) ?? "");
    return ours.text === "" || text === "" || bare(ours.text) === bare(text) ? true : null;
  }
  const goldText = theirs === null ? gold : theirs.text || options.get(theirs.letter);
  if (ours !== null) {
    // The gold answer is a text: the letter stands for one.
    const text = options.get(ours.letter);
    return text === undefined ? null : bare(text) === bare(gold);
  }
  if (theirs === null || goldText === undefined) return null;
  if (bare(given) === bare(goldText)) return true;
  return [...options.values()].some((text) => bare(text) === bare(given)) ? false : null;
}

function choiceOf(text: string): Choice | null {
  const said = text
    .replace(/[*_`]+/g, "")
    .trim()
    .replace(/^(?:the )?(?:correct |right |best |final )?(?:answer|option|choice)(?: is)?\s*:?\s*/, "")
    .replace(/^(?:option|choice) /, "");
  const match = /^(?:\(([a-h])\)|([a-h])(?=$|[.):]))[.):]?\s*(.*)$/s.exec(said);
  return match ? { letter: match[1] ?? match[2], text: match[3] } : null;
}

/** Options that stand in a question, each on a line of its own: "A. red", "(B) blue". */
function optionsOf(question: string): Map<string, string> {
  const found = question.matchAll(/^\s*(?:\(([a-h])\)|([a-h])[.):])\s+(\S.*)$/gm);
  return new Map([...found].map((match) => [match[1] ?? match[2], match[3].trim()]));
}

const bare = (text: string): string => text.replace(/^(?:an?|the) /, "").replace(/[.\s]+$/, "");
