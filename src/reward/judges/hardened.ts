import { defineJudge } from "./judge.ts";

/** Our own; its prompt stands in hardened_prompt.ts, what is refused before it in src/reward/guard. */
export const hardened = defineJudge({
  name: "hardened",
  label: "hardened",
  help: "rules first, answers that play tricks refused, data as JSON, a verdict bound to a schema, no chance",
  source: "our own",
  way: "guarded",
  reads: "answer",
});
