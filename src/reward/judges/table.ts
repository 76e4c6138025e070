import { deepeyes } from "./deepeyes.ts";
import { deepeyesCommon } from "./deepeyes_common.ts";
import { deepeyesMath } from "./deepeyes_math.ts";
import { hardened } from "./hardened.ts";
import type { JudgeDefinition } from "./judge.ts";
import { rules } from "./rules.ts";
import { verl } from "./verl.ts";

/**
 * The judges that a run can choose by name, the default first. The choices of the knob `judge` and the lines of the page
 * follow from this table.
 */
export const judges = [rules, hardened, verl, deepeyes, deepeyesMath, deepeyesCommon] as const;

export type JudgeName = (typeof judges)[number]["name"];

/** The names, the default first. */
export const judgeNames = judges.map(({ name }) => name) as [JudgeName, ...JudgeName[]];

const byName: ReadonlyMap<string, JudgeDefinition> = new Map(judges.map((judge) => [judge.name, judge]));

/** @throws Error that names the judges there are */
export function judgeNamed(name: string): JudgeDefinition {
  const judge = byName.get(name);
  if (!judge) throw new Error(`Expected a judge of ${judgeNames.join(", ")}, found "${name}"`);
  return judge;
}
