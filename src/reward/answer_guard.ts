import { length } from "../policy/python_text.ts";
import { boxed } from "./latex.ts";

/** Longest answer that a judge may see, in characters; DeepEyes and verl refuse from 1,000 on. */
export const longestAnswer = 400;

/**
 * Openers and fillers that judges were found to approve of whatever the question ("One Token to Fool LLM-as-a-Judge",
 * arXiv 2507.08794). An answer that is one of them says nothing; they serve as canaries too.
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

const bare = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
const emptyOpeners = new Set(masterKeys.map(bare));

/** A turn's, a tool's or a template's mark: an answer that holds one plays another's part. */
const roleMark =
  /<\|[^|<>]*\|>|<\/?(?:think|answer|tool_call|tool_response|system|user|assistant)>|\[\/?INST\]|<<\/?SYS>>|^\s*(?:system|user|assistant|human)\s*:/im;
/** Our judges' own words for a verdict, and the labels in the prompts of DeepEyes and verl. */
const forgedVerdict =
  /\bjud[gd]e?ment\b\s*\]?\s*:|\[(?:question|standard answer|model_?\s?answer|model's answer|your judge?ment)\]|["']?verdict["']?\s*[:=]|## equivalence/i;
/** Words for whoever judges rather than for whoever asked. */
const toTheJudge =
  /\b(?:reference|standard|gold|ground[- ]truth|correct|right) answer\b|\b(?:ignore|disregard|forget)\b.*\b(?:instructions?|above|previous)\b|\bas (?:the )?reference\b/i;
const declining =
  /\b(?:can(?:not|'t|’t)|could ?n[o'’]t|unable to|impossible to|not (?:able|possible) to|no way to)\b.*\b(?:determine|tell|say|see|know|answer|help|identify|assist)|\bi(?:'m| am) (?:sorry|not sure)\b|\bi don[’']?t know\b|\bcannot be (?:determined|answered|seen|known)\b/i;
/** "left or right", "A and B": one of them is bound to be right. */
const several = /\bor\b|^\W*[a-h]\W*(?:,|and|&|\/)\W*[a-h]\W*$|\byes (?:and|but) no\b/i;

const reasons: readonly [name: string, applies: (answer: string) => boolean][] = [
  ["empty", (answer) => answer.trim() === ""],
  // Signs alone may be an answer, but then a rule finds it: here nothing is left to read.
  ["punctuation only", (answer) => !/[\p{L}\p{N}]/u.test(answer)],
  ["too long", (answer) => length(answer) > longestAnswer],
  ["role marker", (answer) => roleMark.test(answer)],
  ["forged verdict", (answer) => forgedVerdict.test(answer)],
  ["speaks to the judge", (answer) => toTheJudge.test(answer)],
  ["opener only", (answer) => emptyOpeners.has(bare(answer))],
  ["declines", (answer) => declining.test(answer)],
  ["several answers", (answer) => several.test(answer) || severalBoxes(answer)],
];

/**
 * Why an answer must not reach a judge that reads, null where it may. Each of these talks judges into things, or would
 * be judged by what it is not. What the gold answer does too is no trick.
 */
export function refusal(answer: string, goldAnswer: string): string | null {
  return reasons.find(([, applies]) => applies(answer) && !applies(goldAnswer))?.[0] ?? null;
}

function severalBoxes(answer: string): boolean {
  return new Set(boxed(answer)).size > 1 || (answer.match(/\b(?:final\s+)?answer(?:\s+is)?\s*:/gi)?.length ?? 0) > 1;
}
