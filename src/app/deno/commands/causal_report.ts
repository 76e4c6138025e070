import type { CausalSummary } from "../../../train/causal_summary.ts";
import { type Counterfactual, counterfactuals } from "../../../train/zoom_worth.ts";

const labels: Record<Counterfactual, string> = {
  tool: "what the tool gave",
  blank: "grey instead",
  other: "another task's",
  whole: "the whole picture again",
  none: "no call",
};

/** What the tools' pictures were worth in the sampled rollouts, as lines of text. */
export function causalTable(summary: CausalSummary): string[] {
  const { rollouts, answered, called, gold, given, withTool, withoutTool, gain, harm, sight } = summary;
  if (answered === 0)
    return ["", `None of the ${rollouts} sampled rollouts answered: nothing can be said about their tools' pictures`];
  const width = Math.max(...Object.values(labels).map(({ length }) => length));
  const cell = (value = 0) => value.toFixed(3).padStart(9);
  const line = (label: string, ...values: (number | undefined)[]) =>
    `${label.padEnd(width)}${values.map(cell).join("")}`;
  return [
    "",
    ...(gold && given
      ? [
          `What the tools' pictures were worth: probability of the right and of the given answer, ${called} of ${rollouts} sampled rollouts`,
          `${"".padEnd(width)}${"right".padStart(9)}${"given".padStart(9)}`,
          ...counterfactuals.flatMap((one) =>
            gold[one] === undefined ? [] : [line(labels[one], gold[one], given[one])],
          ),
        ]
      : [`No tool gave a picture in the ${answered} sampled rollouts that answered`]),
    `Over all ${answered} rollouts that answered:`,
    line("right as they are", withTool),
    line("right without a call", withoutTool),
    `${line("gain", gain)}  right with the tool, wrong without`,
    `${line("harm", harm)}  wrong with the tool, right without`,
    ...(sight
      ? [`${line("loss with grey", sight.blankLoss - sight.loss)}  nats a token more where all pictures are grey`]
      : []),
  ];
}
