import { defineJudge } from "./judge.ts";

export const rules = defineJudge({
  name: "rules",
  label: "rules",
  help: "rules on this machine, no network; what no rule decides is wrong",
  source: "src/reward/rules",
  way: "rules",
  reads: "answer",
});
