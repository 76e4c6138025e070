import type { ResponseText, Rollout } from "../../agent/rollout.ts";

/** What a judge or a reward needs that reads whole responses, and a log does not have. */
export class MissingText extends Error {
  constructor(what: string, remedy: string) {
    super(`Expected ${what}, found ${remedy}`);
    this.name = "MissingText";
  }
}

/** The text of a response. @throws MissingText where a log of an early run does not have it */
export function responseOf({ response }: Pick<Rollout, "response">): ResponseText {
  if (response === undefined)
    throw new MissingText(
      "the text of each response, which the judges and rewards of verl and DeepEyes read",
      "a log of an earlier version without them; name the tokenizer of the run's model (--tokenizer DIR), or choose the judge rules or hardened and another reward",
    );
  return response;
}
