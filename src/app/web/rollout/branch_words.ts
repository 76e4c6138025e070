import type { GivenResult } from "../../../agent/branch_result.ts";
import type { End, Rollout } from "../../../agent/rollout.ts";
import { type Branch, branchNumber } from "../../worker_api/branch_api.ts";
import { figure, shortened } from "../labels/numbers.ts";
import { type Unit, visibleText } from "./token_units.ts";

/** Longest piece of text in a line about a branch. */
const longestPiece = 60;
const piece = (text: string): string => `“${shortened(visibleText(text), longestPiece)}”`;

export const resultNames: Record<GivenResult["kind"], string> = {
  blank: "a blank picture",
  shuffled: "its pixels shuffled",
  box: "another crop",
  whole: "the whole picture",
  picture: "a picture of your own",
  error: "an error message",
};

/** The same beside a result that was replaced. */
export const replacedNames: Record<GivenResult["kind"], string> = { ...resultNames, picture: "a person’s own picture" };

/** What was changed, in a few words. */
export function changeText({ what, tokenText, place }: Branch): string {
  switch (what.kind) {
    case "token":
      return `${piece(tokenText ?? String(what.token))} as token ${place + 1}`;
    case "text":
      return `${piece(what.text)} from token ${place + 1} on`;
    case "box":
      return `looked at ${boxText(what.boxSourcePx)}`;
    case "deny":
      return `no tool from token ${place + 1} on`;
    case "result":
      return what.result.kind === "box"
        ? `given the crop ${boxText(what.result.boxSourcePx)}`
        : `given ${replacedNames[what.result.kind]}`;
    default:
      return `asked “${shortened(what.question, longestPiece)}”`;
  }
}

const boxText = (box: readonly number[]): string => `(${box.map(Math.round).join(", ")})`;

export const branchName = ({ id }: Pick<Branch, "id">): string => `Branch ${branchNumber(id) ?? id}`;

const endings: Record<End, string> = {
  answer: "answered",
  malformed: "wrote a malformed turn",
  length: "reached the length limit",
  turns: "called a tool once too often",
  error: "failed",
};

/** How it ended: its answer, how likely that was, and whether it is right. */
export function outcomeText(rollout: Rollout, probability: number | null): string {
  if (rollout.end !== "answer" || rollout.answer === null) return endings[rollout.end];
  const likely = probability === null ? "" : ` · p = ${figure(probability)}`;
  return `“${shortened(rollout.answer, longestPiece)}”${likely}${verdict(rollout)}`;
}

function verdict({ reward, unjudged }: Rollout): string {
  if (!reward || unjudged !== undefined) return " · not judged";
  return reward.right ? " · right" : " · wrong";
}

/**
 * Probability of a rollout's answer, and of what ends the turn behind it: of the tokens from the first that spells it on.
 * Null where its tokens do not show it, or were not all sampled.
 */
export function answerProbability({ answer, segments }: Rollout, units: readonly Unit[]): number | null {
  const last = units.filter(({ segment, source }) => segment === segments.length - 1 && source === "model");
  if (!answer || last.length === 0) return null;
  const start = last
    .map(({ text }) => text)
    .join("")
    .lastIndexOf(answer);
  if (start < 0) return null;
  let at = 0;
  let sum = 0;
  for (const { text, logprob } of last) {
    at += text.length;
    if (at <= start) continue;
    if (logprob === null) return null;
    sum += logprob;
  }
  return Math.exp(sum);
}
