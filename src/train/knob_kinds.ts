import type { FromScript, ModulePath } from "./own_code.ts";

export type KnobGroup =
  | "run"
  | "adapter"
  | "tasks"
  | "rollouts"
  | "reward"
  | "judge"
  | "grpo"
  | "warmup"
  | "bookkeeping";

interface About {
  line: string;
  unit?: string;
  group: KnobGroup;
  /** Whether a change takes effect at the next step of a running run, or needs a new one. */
  applies: "next step" | "new run";
}

export type NumberKnob = About & { kind: "number" | "integer"; default: number; min: number; max: number };
export type BooleanKnob = About & { kind: "boolean"; default: boolean };
export type ChoiceKnob<Choice extends string = string> = About & {
  kind: "choice";
  default: Choice;
  choices: readonly Choice[];
  /** Whether code of one's own may stand in the place of a choice (own_code.ts). */
  orOwnCode?: true;
};
export type TextKnob = About & { kind: "text"; default: string };

/** How a knob is written, checked and shown. */
export type Knob = NumberKnob | BooleanKnob | ChoiceKnob | TextKnob;

interface Range {
  default: number;
  min: number;
  max: number;
  line: string;
  unit?: string;
}

const numeric =
  (kind: "integer" | "number") =>
  (group: KnobGroup, range: Range): NumberKnob => ({ kind, ...range, group, applies: "new run" });
export const integer = numeric("integer");
export const number = numeric("number");
export const flag = (group: KnobGroup, fallback: boolean, line: string): BooleanKnob => ({
  kind: "boolean",
  default: fallback,
  line,
  group,
  applies: "new run",
});
export const text = (group: KnobGroup, fallback: string, line: string): TextKnob => ({
  kind: "text",
  default: fallback,
  line,
  group,
  applies: "new run",
});
/** The first is the default. */
export const choice = <const Choice extends string>(
  group: KnobGroup,
  choices: readonly [Choice, ...Choice[]],
  line: string,
): ChoiceKnob<Choice> => ({ kind: "choice", default: choices[0], choices, line, group, applies: "new run" });
/** The same, or code of one's own. */
export const orOwnCode = <Choice extends string>(
  knob: ChoiceKnob<Choice>,
): ChoiceKnob<Choice | ModulePath | FromScript> => ({ ...knob, orOwnCode: true });
/** The same, changed while a run goes on. */
export const live = <K extends Knob>(knob: K): K => ({ ...knob, applies: "next step" });
