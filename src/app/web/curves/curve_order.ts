import { type CurveSpec, ownCurve } from "./catalogue.ts";
import { type GroupName, groupNames } from "./curve_groups.ts";
import type { CurveLayout } from "./curve_layout.ts";

/** A group with its charts, in the order of the layout. */
export interface CurveGroup {
  name: GroupName;
  /** Those that are shown. */
  specs: CurveSpec[];
  /** Those that are not, and could be. */
  hidden: CurveSpec[];
}

export const ownSpecs = ({ own }: CurveLayout): CurveSpec[] =>
  own.map(({ title, keys }) => ownCurve(title, keys as [string, ...string[]]));

/** The charts in their groups; groups without any are left out. */
export function grouped(specs: readonly CurveSpec[], { hidden, order, moved }: CurveLayout): CurveGroup[] {
  const place = (id: string): number => {
    const at = order.indexOf(id);
    return at < 0 ? order.length : at;
  };
  const sorted = specs.map((spec, i) => ({ spec, i })).sort((a, b) => place(a.spec.id) - place(b.spec.id) || a.i - b.i);
  return groupNames.flatMap((name) => {
    const own = sorted.map(({ spec }) => spec).filter((spec) => (moved[spec.id] ?? spec.group) === name);
    const isHidden = (spec: CurveSpec): boolean => hidden.includes(spec.id);
    return own.length === 0
      ? []
      : [{ name, specs: own.filter((spec) => !isHidden(spec)), hidden: own.filter(isHidden) }];
  });
}

/**
 * The order after a chart went one place up or down among the others of its group.
 * @param ids  of the group, in their present order
 */
export function movedBy(order: readonly string[], ids: readonly string[], id: string, places: -1 | 1): string[] {
  const from = ids.indexOf(id);
  const to = from + places;
  if (from < 0 || to < 0 || to >= ids.length) return [...order];
  const wanted = [...ids];
  wanted.splice(from, 1);
  wanted.splice(to, 0, id);
  return [...order.filter((one) => !ids.includes(one)), ...wanted];
}
