import { edits } from "../train/config.ts";

/**
 * What to do about a setting that a trainer does not have, as the end of a sentence: the one that was probably meant, and
 * where none is like it, the command that writes those that are known. People shorten the sections before a dotted name, and
 * mistype what stands behind them: the last part of the name counts most.
 * @param known  names, among them patterns that end with "*", which are not proposed
 */
export function insteadOf(name: string, known: readonly string[], system: string): string {
  const [last, ...sections] = name.split(".").reverse();
  let [best, fewest] = ["", Number.POSITIVE_INFINITY];
  for (const other of known.filter((one) => !one.endsWith("*"))) {
    const [otherLast, ...otherSections] = other.split(".").reverse();
    const wrong = edits(last!, otherLast!);
    if (wrong > Math.max(1, last!.length / 2)) continue;
    const missing = sections.filter((section) => !otherSections.includes(section)).length;
    const cost = 2 * wrong + missing + edits(name, other) / (name.length + other.length);
    if (cost < fewest) [best, fewest] = [other, cost];
  }
  return best === ""
    ? `saccade settings --as ${system.toLowerCase()} writes those that are known`
    : `did you mean "${best}"?`;
}
