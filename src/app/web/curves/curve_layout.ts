import { type GroupName, groupNames } from "./curve_groups.ts";
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
