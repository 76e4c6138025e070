import { type CurveSpec, type GroupName, groupNames, ownCurve } from "./catalogue.ts";
import { type SeedView, seedViews } from "./seed_bands.ts";

/** How a person wants the charts: stored in the browser. */
export interface CurveLayout {
  /** 0: not smoothed, to 0.99. */
  smoothing: number;
  seeds: SeedView;
  /** Charts that are not shown, by id. */
  hidden: readonly string[];
  /** Charts with a logarithmic axis. */
  logarithmic: readonly string[];
  /** Ids in the order that was chosen; the others come after them in theirs. */
  order: readonly string[];
  /** Charts that stand in another group than theirs. */
  moved: Readonly<Record<string, GroupName>>;
  /** Groups that were opened (true) or folded. */
  open: Readonly<Record<string, boolean>>;
  /** Charts of metrics that a person put together. */
  own: readonly OwnChart[];
}

export interface OwnChart {
  title: string;
  keys: readonly string[];
}

export const plainLayout: CurveLayout = {
  smoothing: 0,
  seeds: "each",
  hidden: [],
  logarithmic: [],
  order: [],
  moved: {},
  open: {},
  own: [],
};

export const mostSmoothing = 0.99;
export const mostOwn = 50;

/** What was stored, by whatever version; what cannot be used is as it comes. */
export function readLayout(text: string | null): CurveLayout {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    return plainLayout;
  }
  const found: Record<string, unknown> = isRecord(value) ? value : {};
  const { smoothing, seeds } = found;
  return {
    smoothing: typeof smoothing === "number" && smoothing >= 0 && smoothing <= mostSmoothing ? smoothing : 0,
    seeds: seedViews.find((view) => view === seeds) ?? "each",
    hidden: texts(found.hidden),
    logarithmic: texts(found.logarithmic),
    order: texts(found.order),
    moved: entries(found.moved, (group): group is GroupName => groupNames.some((name) => name === group)),
    open: entries(found.open, (open): open is boolean => typeof open === "boolean"),
    own: (Array.isArray(found.own) ? found.own : []).flatMap(readOwn).slice(0, mostOwn),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string").slice(0, 1000) : [];

const entries = <T>(value: unknown, is: (one: unknown) => one is T): Record<string, T> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter((entry): entry is [string, T] => is(entry[1])),
  );

function readOwn(value: unknown): OwnChart[] {
  if (!isRecord(value) || typeof value.title !== "string") return [];
  const keys = texts(value.keys);
  return keys.length > 0 ? [{ title: value.title.slice(0, 100), keys }] : [];
}

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
