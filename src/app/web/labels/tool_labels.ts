import type { ToolCall } from "../../../agent/rollout.ts";
import { builtInTools, callSummary } from "../../../agent/tools/table.ts";
import { callFaults, type OutcomeText } from "../../../agent/tools/tool.ts";
import { shortened } from "./numbers.ts";

/** The label of a call's tool; its name where the page does not know the tool. */
export const toolLabel = ({ name }: ToolCall): string =>
  builtInTools.find((tool) => tool.name === name)?.label ?? shortened(name || "tool", 200);

/** What a call did, or what was wrong with it. */
export function outcomeLabel(call: ToolCall): string {
  const { name, outcome } = call;
  if (outcome === "ok") return shortened(callSummary(call), 200);
  const tool = builtInTools.find((tool) => tool.name === name);
  const failures: Readonly<Record<string, OutcomeText>> = { ...callFaults, ...tool?.outcomes };
  const failure = Object.hasOwn(failures, outcome) ? failures[outcome] : undefined;
  return `refused: ${failure?.label ?? shortened(outcome, 200)}`;
}
