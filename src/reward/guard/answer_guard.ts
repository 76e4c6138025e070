import { length } from "../../policy/python_text.ts";
import { type QuestionKind, questionKind } from "../rules/question_kind.ts";
import { cleanText } from "./clean_text.ts";
import { declines, namesSeveral } from "./content.ts";
import { forgesVerdict, leavesItsField, playsAnother } from "./forms.ts";
import { type Look, lookAt } from "./look.ts";
import { onlyOpens, saysNothing } from "./openers.ts";
import { speaksToJudge } from "./speech.ts";

/** Longest answer that a judge may see, in characters after cleaning; DeepEyes and verl refuse from 1,000 on. */
const longestAnswer = 400;

/**
 * Openers and fillers that judges were found to approve of whatever the question ("One Token to Fool LLM-as-a-Judge",
 * arXiv 2507.08794). They serve as canaries.
 */
export const masterKeys: readonly string[] = [
  ":",
  ".",
  ",",
  "Thought process:",
  "Let's solve this problem step by step.",
  "Let me think step by step.",
  "Solution",
  "Answer:",
  "The final answer is:",
  "I have answered the question correctly.",
];

type Applies = (look: Look, kind: QuestionKind) => boolean;

const reasons: readonly [name: string, applies: Applies][] = [
  ["empty", ({ clean }) => clean === ""],
  ["too long", ({ clean }) => length(clean) > longestAnswer],
  ["punctuation only", ({ clean }, kind) => !/[\p{L}\p{N}]/u.test(clean) && !isSign(clean, kind)],
  ["role marker", playsAnother],
  ["forged verdict", forgesVerdict],
  ["JSON of a message", ({ readings }) => readings.some(leavesItsField)],
  ["speaks to the judge", speaksToJudge],
  ["opener only", opensOnly],
  ["declines", declines],
  ["several answers", namesSeveral],
];

/** A sign alone is an answer where one is asked for, "∞" also where a number is. */
function isSign(clean: string, { number, open, text }: QuestionKind): boolean {
  if (length(clean) > 8) return false;
  if ((number || open) && /[^\p{ASCII}\p{P}\p{Z}]/u.test(clean)) return true;
  if (open && /^[+=<>$#@&%]$/.test(clean)) return true;
  const asksForSign = /\b(?:symbol|sign|emoji|punctuation|operator|character|arrow|mark|icon)\b/.test(text);
  return asksForSign && /[^\s.,:;…_\-–—]/.test(clean);
}

function opensOnly({ readings: texts, clean }: Look, kind: QuestionKind): boolean {
  const bare = texts.map((text) => text.replace(/[^\p{L}\p{N}\p{M}']+/gu, " ").trim());
  // "I think so, yes" answers some questions, and a sign may say "OK".
  if (kind.yesOrNo && /\b(?:yes|no)\b/.test(bare[0] ?? "")) return false;
  if (kind.open && /^(?:ok|okay|sure|alright|certainly|first|thus|hmm+)$/.test(bare[0] ?? "")) return false;
  // An activity: "thinking".
  if (/\bdoing\b/.test(kind.text) && /^\p{L}+$/u.test(clean)) return false;
  // A name, such as that of a shop.
  if (kind.open && /^(?:\p{Lu}\p{Ll}*\s?){1,3}$/u.test(clean)) return false;
  return bare.some(onlyOpens) || (kind.asksForThing && saysNothing(bare[0] ?? "", kind.text));
}

/**
 * Why an answer must not reach a judge that reads, null where it may. Each of these influences judges, or would
 * be judged by something other than its content. What the gold answer does too, or the question asks for, is allowed.
 * @param answer clean, as it would be sent (`cleanText`)
 */
export function refusal(answer: string, goldAnswer: string, question = ""): string | null {
  const kind = questionKind(question, goldAnswer);
  // An answer that is too long is not examined further.
  const look = lookAt(answer.slice(0, longestAnswer + 1));
  let gold: Look | null = null;
  const lookAtGold = () => (gold ??= lookAt(cleanText(goldAnswer).slice(0, longestAnswer + 1)));
  return reasons.find(([, applies]) => applies(look, kind) && !applies(lookAtGold(), kind))?.[0] ?? null;
}
