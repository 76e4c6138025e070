import { type CausalSummary, type Counterfactual, counterfactuals } from "../../../train/causal_zoom.ts";

const labels: Record<Counterfactual, string> = {
  tool: "what the tool gave",
  blank: "grey instead",
  other: "another task's",
  whole: "the whole picture again",
  none: "no call",
};

/** What the tools' pictures were worth in the sampled rollouts, as lines of text. */
export function causalTable({ probed, rollouts, gold, given, gain, harm }: CausalSummary): string[] {
  if (probed === 0)
    return ["", `No picture of a tool stands before an answer in these ${rollouts} rollouts: nothing to compare`];
  const width = Math.max(...Object.values(labels).map(({ length }) => length));
  const cell = (value: number) => value.toFixed(3).padStart(9);
  return [
    "",
    `Probability of the right and of the given answer, mean over the ${probed} of ${rollouts} sampled rollouts with a tool's picture`,
    `${"".padEnd(width)}${"right".padStart(9)}${"given".padStart(9)}`,
    ...counterfactuals.map((one) => `${labels[one].padEnd(width)}${cell(gold[one])}${cell(given[one])}`),
    `${"gain".padEnd(width)}${cell(gain)}  right with the tool, wrong without`,
    `${"harm".padEnd(width)}${cell(harm)}  wrong with the tool, right without`,
  ];
}
