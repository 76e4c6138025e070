import { readings } from "./clean_text.ts";

/** A text as the checks look at it. */
export interface Look {
  /** As a judge would get it. */
  clean: string;
  /** It and its other readings, in lower case. */
  readings: readonly string[];
  /** Each of them without what is wrapped round an answer: a box, brackets, quotes, "the answer is". */
  cores: readonly string[];
}

const wrapping = /^[\s"'*_`#>=~$([{<\-.,;:!|\\/]+|[\s"'*_`=~$)\]}>.,;:!|\\/]+$/g;
/** What leads to an answer and is none: "the correct answer is". */
const leadIn =
  /^(?:(?:so|thus|therefore|hence|ok(?:ay)?|and|my|the|final|correct|right|best|answer|option|choice|is|it|it's|that|this|would be|i|say|think|believe)[\s,:]+)*(?:it's|i say|i think|(?:answer|option|choice|it|that|this)\s*(?:is|are|:))\s*:?\s+(?=\S)/;

export const withoutLeadIn = (text: string): string => text.replace(leadIn, "");

function coreOf(text: string): string {
  let core = text;
  for (let before = ""; before !== core; ) {
    before = core;
    const inside = core
      .replace(/^\$*\\(?:boxed|text|mathrm|mathbf|textbf)\s*\{([^{}]*(?:\{[^{}]*\})?[^{}]*)\}\$*$/, "$1")
      .replace(/^<(\w+)[^<>]*>([^<>]*)<\/\1>$/, "$2");
    core = inside === core ? core.replace(wrapping, "").trim() : inside;
  }
  return core;
}

export function lookAt(text: string): Look {
  const all = readings(text);
  return { clean: text, readings: all, cores: all.map(coreOf).flatMap((core) => [core, withoutLeadIn(core)]) };
}

export const inAny = (texts: readonly string[], patterns: readonly RegExp[]): boolean =>
  texts.some((text) => patterns.some((pattern) => pattern.test(text)));
