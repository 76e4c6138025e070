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

/**
 * Why an answer must not reach a judge that reads, null where it may. Each of these talks judges into things, or
 * would be judged by what it is not.
 */
export function refusal(answer: string): string | null {
  if (answer.trim() === "") return "empty";
  // Signs alone may be an answer ("+", "\pi" has letters), but then a rule finds it; here nothing is left to read.
  if (!/[\p{L}\p{N}]/u.test(answer)) return "punctuation only";
  if (length(answer) > longestAnswer) return "too long";
  if (roleMark.test(answer)) return "role marker";
  if (forgedVerdict.test(answer)) return "forged verdict";
  if (emptyOpeners.has(bare(answer))) return "opener only";
  if (severalBoxes(answer)) return "several answers";
  return null;
}

function severalBoxes(answer: string): boolean {
  return new Set(boxed(answer)).size > 1 || (answer.match(/\b(?:final\s+)?answer(?:\s+is)?\s*:/gi)?.length ?? 0) > 1;
}
