/**
 * What a question asks for, as far as its words tell: an answer that looks like a verdict ("yes", "1", "Score: 1") may
 * be an answer to some questions and never to others. English only; for other questions every flag is off.
 */
export interface QuestionKind {
  /** Asks for a thing, a person, a place, a colour: neither a number nor a yes answers it. */
  asksForThing: boolean;
  yesOrNo: boolean;
  number: boolean;
  /** What stands written or is shown: anything may. */
  open: boolean;
  /** What something was rated with, or came to. */
  marks: boolean;
  /** Whether two things are alike. */
  compares: boolean;
  /** Several things are asked for, or the gold answer has several. */
  several: boolean;
  text: string;
  /** The gold answer in lower case. */
  gold: string;
}

const auxiliary =
  /^(?:(?:and|so|now|then|please (?:say|tell))\W+)?(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|may|might|must|isn't|aren't|wasn't|doesn't|don't|didn't|hasn't|haven't|can't)\b|[,:;]\s*(?:is|are|was|were|does|do|did|has|have|can)\b|\byes or no\b|\btrue or false\b/;
const wh = /\b(?:what|who|whom|whose|where|when|why|which|how)\b/;
const numbers =
  /\bhow (?:many|much|old|tall|long|far|high|big|large|fast|heavy|deep|wide|often)\b|\b(?:number|numbers|count|digits?|score|grade|rating|mark|marks|results?|values?|sum|total|calculat\w*|comput\w*|solv\w*|equation|percent\w*|year|time|date|price|cost|size|age|temperature|speed|amount|average|mean|median|ratio|fraction|area|length|height|width|distance|angle|probability|rank|position|floor|page|row|column|step|level)\b|[=+]|%/;
const openEnded =
  /\b(?:written|writes?|says?|said|reads?|text|texts|words?|title|named?|called|caption|label\w*|logo|brand|sign|signs|signpost|screen|shows?|shown|showing|display\w*|depict\w*|describ\w*|summari\w*|visible|printed|message|emoji|symbols?|button|code|output|headline|letter|letters|spell\w*|transcri\w*|ocr|quote\w*|see|seen|translat\w*|whiteboard|blackboard|board|poster|banner|page|note|punctuation|character|characters|operator|arrow)\b/;
const alike =
  /\b(?:same|identical|match\w*|equal\w*|differ\w*|similar\w*|compar\w*|consistent|equivalent|alike|relation\w*|larger|smaller|bigger|taller|shorter|longer|older|younger|higher|lower|heavier|faster|of the two|congruent|parallel|correct|right|true|valid)\b/;
const plural =
  /\b(?:list|name (?:all|the|two|three|four|some)|all|both|colou?rs|items|objects|animals|things|ingredients|people|fruits|which ones|what are|which are|what kinds|what types|who are|order|sequence|sort)\b/;

const numberWord =
  /\d|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|half|third|quarter|first|second|once|twice|single|none|i{1,3}|iv|v|vi{1,3}|ix|x)\b/i;

export function questionKind(question: string, goldAnswer: string): QuestionKind {
  const text = question.normalize("NFKC").toLowerCase().replace(/[‘’]/g, "'").trim();
  const gold = goldAnswer.normalize("NFKC").toLowerCase();
  const yesOrNo = auxiliary.test(text) || /^\W*(?:yes|no|true|false|correct|incorrect)\b/.test(gold);
  const number = numbers.test(text) || numberWord.test(gold);
  const open = openEnded.test(text);
  const choice = /^\s*\(?[a-z][.):]\s+\S/m.test(text) || /\b(?:option|statement|choice)\b/.test(text);
  return {
    asksForThing: wh.test(text) && !yesOrNo && !number && !open && !choice,
    yesOrNo,
    number,
    open,
    marks:
      /\b(?:scores?|grades?|ratings?|rated|graded|marks?|results?|outcome|decision|labels?|match|status|points?|calculat\w*|value)\b/.test(
        text,
      ),
    compares: alike.test(text) || alike.test(gold),
    several: plural.test(text) || listed(gold).length > 1,
    text,
    gold,
  };
}

/** The items of an enumeration; one where a text is none. */
export function listed(text: string): string[] {
  const items = text
    .split(/\s*(?:[,;、，；|]|\n|\s\/\s|(?:^|\s)(?:[-*•]|\d{1,2}[.)])\s|\band\b|&)\s*/i)
    .map((item) => item.replace(/^(?:and|or|und|et|y|an?|the)\s+/i, "").trim())
    .filter((item) => item !== "");
  return items;
}
