import type { End, Rollout, ToolCall } from "../../agent/rollout.ts";
import type { Task } from "../../tasks/task.ts";
import type { Verdict } from "../rules/rules.ts";

/** One named part of a reward. Its mean is the metric `reward/NAME`. */
export interface RewardPart {
  /** Small letters, digits, "-" and "_"; not "kl", "reward" or "advantage", which logs use themselves. */
  name: string;
  /** For people, e.g. "right answer". */
  label: string;
  /** One line: what it is paid or charged for. */
  help: string;
}

/** One turn behind the prompt, decoded with its special tokens. */
export interface Turn {
  /** "tool": what the environment wrote after a call, with the marks of the chat around it. */
  source: "model" | "tool";
  text: string;
}

/** What a reward sees of one attempt. Texts are decoded when they are asked for. */
export interface RewardRollout {
  readonly id: string;
  /** What stands in the answer, null where there is none. */
  readonly answer: string | null;
  /** Never "error": such a rollout has no reward. */
  readonly end: Exclude<End, "error">;
  /** Calls that the model wrote and what came of them, in order. */
  readonly calls: readonly ToolCall[];
  /** The model's turns and the tool's, in order. @throws Error without a tokenizer */
  readonly turns: readonly Turn[];
  /** All of them as one text, without special tokens. @throws Error where a log of an early run does not have it */
  readonly text: string;
  /** The same with special tokens. */
  readonly textWithSpecial: string;
  /** Tokens, log-probabilities and all else that a log holds. */
  readonly raw: Rollout;
}

/** The knobs of a run that a reward may read: the weights of its own reward, and where a stage ends. */
export interface RewardWeights {
  answerWeight: number;
  /** Charged where the rollout did not end with a well-formed answer. */
  formatWeight: number;
  bonusWeight: number;
  /** conditional: for a zoom that was carried out, with a right answer; unconditional: for the zoom alone. */
  bonus: "conditional" | "unconditional" | "none";
  /** Steps in which `tools-rl` pays for tool use alone. */
  toolStageSteps: number;
}

export interface RewardInput {
  rollout: RewardRollout;
  task: Task;
  /** All attempts at the task that did not fail, this one among them. */
  group: readonly RewardRollout[];
  weights: RewardWeights;
  /**
   * Whether the answer is right, by the run's judge. The judge is asked at the first call; a reward that does not call
   * this asks no judge. Rejects where the judge gave no verdict: let that pass, and the rollout has no reward.
   */
  verdict(): Promise<Verdict>;
  /** Whether the answer follows from the text before it, by a judge that reads; null where it could not say. */
  consistent(): Promise<boolean | null>;
}

/** A part for each that is declared; their sum, in the declared order, is the reward. */
export type PartValues<Part extends string = string> = Readonly<Record<Part, number>>;

/** What is paid for an attempt. `defineReward` makes one. */
export interface RewardFunction<Name extends string = string> {
  /** How runs and command lines name it. Small letters, digits, "-" and "_". */
  readonly name: Name;
  /** For people, e.g. "DeepEyes". */
  readonly label: string;
  /** One line: what is paid for. */
  readonly help: string;
  /** Where the formula comes from: repository, commit and function, or a paper. */
  readonly source: string;
  /** In the order in which they are summed. */
  readonly parts: readonly RewardPart[];
  /** The numbers of the formula, for people. */
  readonly constants?: readonly { label: string; value: number }[];
  /** One line: what is paid at a step, counted from 1, where that changes during a run. */
  readonly stage?: (step: number, weights: RewardWeights) => string;
  /** The most that is paid for one attempt, for the height of bars; 1 where absent. */
  readonly most?: number | ((weights: RewardWeights) => number);
  /**
   * What it cannot do without: texts of responses, a judge that says whether answers follow from their thoughts, or a reader
   * of crops (`ToolCall.legible`).
   */
  readonly needs?: readonly ("response" | "consistency" | "reader")[];
  /** One clause: which attempts have no reward though a judge answered, and what to do; for the alarm of a step without rewards. */
  readonly unpaid?: string;
  /** Null: the attempt has no reward and leaves its group's statistics. */
  score(input: RewardInput): PartValues | null | Promise<PartValues | null>;
  /**
   * Whether an attempt counts as right in accuracies. Absent: as the verdict says, or as the rules do where none was
   * asked for.
   */
  right?(parts: PartValues): boolean;
}

/** The same as a person writes it: the parts of the score are those that are declared. */
export interface RewardDefinition<Name extends string, Part extends string>
  extends Omit<RewardFunction<Name>, "score"> {
  readonly parts: readonly (RewardPart & { name: Part })[];
  score(input: RewardInput): PartValues<Part> | null | Promise<PartValues<Part> | null>;
}

const allowedName = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Parts that the trainer adds, and columns of logs beside the parts. */
const reserved = ["kl", "reward", "advantage"];

/**
 * A reward, checked: names that logs can hold, each part once, a function that scores.
 *
 *     export default defineReward({
 *       name: "short",
 *       label: "Short and right",
 *       help: "1 for a right answer, less 0.1 for each tool call",
 *       source: "our own",
 *       parts: [
 *         { name: "answer", label: "right answer", help: "1 where the judge says so" },
 *         { name: "calls", label: "calls", help: "minus 0.1 for each" },
 *       ],
 *       score: async ({ rollout, verdict }) => ({
 *         answer: (await verdict()).right ? 1 : 0,
 *         calls: -0.1 * rollout.calls.length,
 *       }),
 *     });
 *
 * @throws Error with one sentence that names what is wrong
 */
export function defineReward<const Name extends string, const Part extends string>(
  reward: RewardDefinition<Name, Part>,
): RewardFunction<Name> {
  if (typeof reward !== "object" || reward === null)
    throw new Error(`Expected a reward, an object with a name, parts and score(), found ${reward}`);
  const { name, parts, score, right, most, needs, stage } = reward;
  if (typeof name !== "string" || !allowedName.test(name))
    throw new Error(
      `Expected a reward's name of small letters, digits, "-" and "_", found ${JSON.stringify(name)}; rename it`,
    );
  for (const field of ["label", "help", "source"] as const)
    if (typeof reward[field] !== "string" || reward[field] === "")
      throw new Error(`Expected a text as ${field} of the reward ${name}, found ${JSON.stringify(reward[field])}`);
  if (!Array.isArray(parts) || parts.length === 0)
    throw new Error(`Expected at least one part of the reward ${name}, found none; declare what score() returns`);
  const names = parts.map((part) => part?.name as string);
  for (const [i, part] of names.entries()) {
    if (typeof part !== "string" || !allowedName.test(part) || reserved.includes(part))
      throw new Error(
        `Expected a part's name of small letters, digits, "-" and "_", other than ${reserved.join(", ")}, found ${JSON.stringify(part)} in the reward ${name}; rename it`,
      );
    if (names.indexOf(part) < i) throw new Error(`Expected each part of the reward ${name} once, found ${part} twice`);
    for (const field of ["label", "help"] as const)
      if (typeof parts[i]?.[field] !== "string")
        throw new Error(`Expected a text as ${field} of the part ${part} of the reward ${name}; say what it is`);
  }
  if (typeof score !== "function")
    throw new Error(`Expected a function score() in the reward ${name}, found ${typeof score}`);
  if (right !== undefined && typeof right !== "function")
    throw new Error(`Expected a function right() in the reward ${name}, or none, found ${typeof right}`);
  if (stage !== undefined && typeof stage !== "function")
    throw new Error(`Expected a function stage() in the reward ${name}, or none, found ${typeof stage}`);
  if (reward.unpaid !== undefined && typeof reward.unpaid !== "string")
    throw new Error(`Expected a text as unpaid of the reward ${name}, or none, found ${typeof reward.unpaid}`);
  if (most !== undefined && typeof most !== "function" && !Number.isFinite(most))
    throw new Error(`Expected a number or a function of the weights as most of the reward ${name}, found ${most}`);
  const known = ["response", "consistency", "reader"];
  if (needs !== undefined && !(Array.isArray(needs) && needs.every((need) => known.includes(need))))
    throw new Error(`Expected a list of ${known.join(", ")} as needs of the reward ${name}, found ${needs}`);
  return Object.freeze(reward) as RewardFunction<Name>;
}

/**
 * The sum of a score's parts, in the order in which the reward declares them: another order has other last bits.
 * @throws Error with one sentence where a part is missing, undeclared or no finite number
 */
export function sumOfParts({ parts }: Pick<RewardFunction, "parts">, values: PartValues): number {
  const declared = parts.map((part) => part.name);
  if (typeof values !== "object" || values === null)
    throw new Error(`expected an object with the parts ${declared.join(", ")}, found ${values}`);
  const unknown = Object.keys(values).find((key) => !declared.includes(key));
  if (unknown !== undefined)
    throw new Error(`it gave a part "${unknown}" that it does not declare; it declares ${declared.join(", ")}`);
  const sum = declared.reduce((before, part) => {
    const value: unknown = values[part];
    if (typeof value !== "number" || !Number.isFinite(value))
      throw new Error(
        `expected a finite number as the part "${part}", found ${value === undefined ? "none" : String(value)}`,
      );
    return before + value;
  }, 0);
  if (!Number.isFinite(sum)) throw new Error(`expected parts whose sum is finite, found ${sum}`);
  return sum;
}
