import type { End } from "../../agent/rollout.ts";
import type { OptionOrder } from "../../tasks/benchmarks/benchmark.ts";
import type { BenchmarkResult, Control, LeftOut } from "./benchmark.ts";

/** A share or mean over `count` things; its standard error where there are enough to compute it. */
export interface Estimate {
  value: number;
  /** Of the mean over items: attempts at one item are not independent. */
  error: number | null;
}

/** One line of the table: what came of one category, or of all of a set. */
export interface BenchmarkRow {
  control: Control;
  greedy: boolean;
  set: string;
  /** "overall" is all of the set. */
  category: string;
  items: number;
  rollouts: number;
  /** Null where nothing was scored. */
  accuracy: Estimate | null;
  /** Of the single rollouts, where `accuracy` asks that every rotation is right. */
  accuracyOfOne: Estimate | null;
  /** Accuracy of each rotation by itself. */
  accuracyByOrder: (number | null)[];
  /** What somebody who does not look at the picture gets right of the single questions, at most or on average. */
  guess: number;
  zoomRate: number;
  /** Calls that the tool was given, mean over rollouts. */
  calls: number;
  /** Mean over zooms on a marked picture, null without one. */
  iou: number | null;
  ends: Record<End, number>;
  unscored: number;
}

export interface ReportSettings {
  order: OptionOrder;
  /** Sets whose overall figure is the mean of their categories' (HR-Bench), not of all items. */
  meanOfCategories: boolean;
}

/** The rows of the table, in the order in which things were asked. */
export function benchmarkRows(results: readonly BenchmarkResult[], settings: ReportSettings): BenchmarkRow[] {
  const rows: BenchmarkRow[] = [];
  for (const ofControl of groupedBy(results, ({ control }) => control))
    for (const ofSampling of groupedBy(ofControl, ({ greedy }) => String(greedy)))
      for (const ofSet of groupedBy(ofSampling, ({ set }) => set)) {
        const categories = groupedBy(ofSet, ({ category }) => category)
          .sort((a, b) => (a[0]!.category < b[0]!.category ? -1 : 1))
          .map((ofCategory) => rowOf(ofCategory, ofCategory[0]!.category, settings));
        const overall = rowOf(ofSet, "overall", settings);
        if (settings.meanOfCategories) {
          overall.accuracy = meanOf(categories.map(({ accuracy }) => accuracy));
          overall.accuracyOfOne = meanOf(categories.map(({ accuracyOfOne }) => accuracyOfOne));
        }
        rows.push(...(categories.length > 1 ? categories : []), overall);
      }
  return rows;
}

function rowOf(results: readonly BenchmarkResult[], category: string, { order }: ReportSettings): BenchmarkRow {
  const [{ control, greedy, set }] = results as [BenchmarkResult];
  // As the file has them is as the file has them, whatever is asked otherwise.
  const isCircular = order === "circular" && control !== "as-given";
  const single = results.map(({ item, right }) => ({ item, right }));
  const attempts = groupedBy(results, ({ item, rolloutIndex }) => `${item} ${rolloutIndex}`).map((orders) => ({
    item: orders[0]!.item,
    right: all(orders.map(({ right }) => right)),
  }));
  const orders = Math.max(...results.map((result) => result.order)) + 1;
  const calls = results.flatMap((result) => result.calls);
  const ious = calls.flatMap(({ iou }) => (iou === undefined ? [] : [iou]));
  const ends: Record<End, number> = { answer: 0, malformed: 0, length: 0, turns: 0, error: 0 };
  for (const { end } of results) ends[end]++;
  return {
    control,
    greedy,
    set,
    category,
    items: new Set(results.map(({ item }) => item)).size,
    rollouts: results.length,
    accuracy: share(isCircular ? attempts : single),
    accuracyOfOne: isCircular ? share(single) : null,
    accuracyByOrder: isCircular
      ? Array.from({ length: orders }, (_, i) => share(results.filter((result) => result.order === i))?.value ?? null)
      : [],
    guess: mean(results.map((result) => result.guess)),
    zoomRate: mean(results.map((result) => Number(result.calls.some(({ outcome }) => outcome === "ok")))),
    calls: calls.length / results.length,
    iou: ious.length > 0 ? mean(ious) : null,
    ends,
    unscored: results.filter(({ right }) => right === null).length,
  };
}

/** Right where all are; wrong where one is, even if others could not be judged. */
function all(rights: readonly (boolean | null)[]): boolean | null {
  if (rights.includes(false)) return false;
  return rights.includes(null) ? null : true;
}

/** The share of what is right among what was judged, its error by items (ratio estimator, clusters of unequal size). */
function share(judged: readonly { item: string; right: boolean | null }[]): Estimate | null {
  const known = judged.filter(({ right }) => right !== null);
  if (known.length === 0) return null;
  const value = mean(known.map(({ right }) => Number(right)));
  const clusters = groupedBy(known, ({ item }) => item);
  if (clusters.length < 2) return { value, error: null };
  const squares = clusters.map((ofItem) => ofItem.reduce((sum, { right }) => sum + Number(right) - value, 0) ** 2);
  const spread = squares.reduce((sum, square) => sum + square, 0) * (clusters.length / (clusters.length - 1));
  return { value, error: Math.sqrt(spread) / known.length };
}

/** The mean of the categories' figures; null where one is missing, since it would be another figure. */
function meanOf(estimates: readonly (Estimate | null)[]): Estimate | null {
  if (estimates.some((one) => one === null)) return null;
  const known = estimates as Estimate[];
  const errors = known.map(({ error }) => error);
  return {
    value: mean(known.map(({ value }) => value)),
    error: errors.includes(null) ? null : Math.sqrt(errors.reduce((sum, e) => sum! + e! ** 2, 0)!) / known.length,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function groupedBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

/** What stands above a table. */
export interface ReportHead {
  /** "V*", "HR-Bench", "Needle". */
  name: string;
  /** Where the questions came from. */
  place: string;
  /** The command that made it. */
  command: string;
  model: string;
  adapter: string;
  seed: number;
  order: OptionOrder | null;
  sampled: number;
  temperature: number;
  prompt: string;
  tool: string;
  judge: string;
  /** A sentence each. */
  notes: readonly string[];
  /** What stands above the table of a set, a sentence each. */
  setNotes: Readonly<Record<string, readonly string[]>>;
}

/** The report as text that is Markdown too. */
export function reportLines(
  head: ReportHead,
  rows: readonly BenchmarkRow[],
  leftOut: readonly LeftOut[],
  settings: ReportSettings,
): string[] {
  const sets = [...new Set(rows.map(({ set }) => set))];
  return [
    `# ${head.name}: ${head.model}`,
    "",
    `    ${head.command}`,
    "",
    `Questions from ${head.place}; seed ${head.seed}${head.order === null ? "" : `; options ${orderLabels[head.order]}`}; prompt ${head.prompt}, tool ${head.tool}, judge ${head.judge}${head.sampled > 0 ? `; Avg@${head.sampled} at temperature ${head.temperature}` : ""}; on ${head.adapter}`,
    ...head.notes.map((note) => `Note: ${note}`),
    "",
    ...sets.flatMap((set) => [
      ...(sets.length > 1 ? [`## ${set}`, ""] : []),
      ...(head.setNotes[set] ?? []).map((note) => `Note: ${note}`),
      ...(head.setNotes[set] ? [""] : []),
      ...setLines(
        head,
        rows.filter((row) => row.set === set),
        settings,
      ),
      "",
    ]),
    "Behind ± the standard error over items; guess: right without a look at the picture; calls are those handed to the tool; IoU is over zooms on marked pictures",
    ...(leftOut.length > 0 ? ["", `Left out: ${leftOut.length}`] : []),
    ...leftOut.slice(0, shownAtMost).map(({ item, why }) => `- ${item}: ${why}`),
    ...(leftOut.length > shownAtMost ? [`- and ${leftOut.length - shownAtMost} more`] : []),
  ];
}

/** The tables of one set. */
function setLines(head: ReportHead, rows: readonly BenchmarkRow[], { meanOfCategories }: ReportSettings): string[] {
  const first = (row: BenchmarkRow) => [
    row.control,
    row.greedy ? "greedy" : `Avg@${head.sampled}`,
    row.category === "overall" && meanOfCategories ? "overall (mean of halves)" : row.category,
  ];
  const firstHead = ["control", "sampling", "category"];
  const isCircular = rows.some(({ accuracyOfOne }) => accuracyOfOne !== null);
  const figures = table(
    [
      ...firstHead,
      "items",
      "rollouts",
      isCircular ? "all rotations right" : "accuracy",
      ...(isCircular ? ["each rotation"] : []),
      "guess",
      "zoom rate",
      "calls",
      "IoU",
      "unscored",
    ],
    rows.map((row) => [
      ...first(row),
      String(row.items),
      String(row.rollouts),
      estimate(row.accuracy),
      ...(isCircular ? [estimate(row.accuracyOfOne)] : []),
      row.guess.toFixed(3),
      row.zoomRate.toFixed(3),
      row.calls.toFixed(2),
      row.iou === null ? "-" : row.iou.toFixed(3),
      String(row.unscored),
    ]),
  );
  const ends: End[] = ["answer", "malformed", "length", "turns", "error"];
  const stops = table(
    [...firstHead, ...ends],
    rows
      .filter(({ category }) => category === "overall")
      .map((row) => [...first(row), ...ends.map((end) => String(row.ends[end]))]),
  );
  return [
    ...figures,
    ...(isCircular
      ? ["", "Accuracy of each rotation by itself, the file's own order first:", ...rotationLines(rows, head)]
      : []),
    "",
    "How rollouts ended:",
    "",
    ...stops,
  ];
}

const shownAtMost = 10;

const orderLabels: Record<OptionOrder, string> = {
  shuffled: "shuffled by the seed",
  circular: "in every rotation",
  "as-given": "as given",
};

function rotationLines(rows: readonly BenchmarkRow[], { sampled }: ReportHead): string[] {
  return rows
    .filter(({ category, accuracyByOrder }) => category === "overall" && accuracyByOrder.length > 0)
    .map(
      ({ control, greedy, set, accuracyByOrder }) =>
        `- ${control}, ${greedy ? "greedy" : `Avg@${sampled}`}, ${set}: ${accuracyByOrder.map((value) => (value === null ? "-" : value.toFixed(3))).join(", ")}`,
    );
}

function estimate(of: Estimate | null): string {
  if (of === null) return "-";
  return `${of.value.toFixed(3)}${of.error === null ? "" : ` ± ${of.error.toFixed(3)}`}`;
}

/** A table in Markdown, its columns as wide in plain text as they need to be. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(cells[0]!), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...cells.slice(1).map(line)];
}
