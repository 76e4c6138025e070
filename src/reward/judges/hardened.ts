import { defineJudge } from "./judge.ts";

/** Our own; its prompt stands in hardened_prompt.ts, what is refused before it in src/reward/guard. */
export const hardened = defineJudge({
  name: "hardened",
  label: "hardened",
  help: "rules first; rejects answers that try to manipulate the judge; data as JSON, a verdict that follows a schema, temperature 0",
  source: "our own",
  way: "guarded",
  reads: "answer",
});
