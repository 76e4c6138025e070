/**
 * A loop marked to be unrolled: `for (var i = 0u; i < 4u; i++) { // unroll`, its end a number or a constant. Copies of a
 * loop body are on one line, where the mark is a block comment. `// always unroll` stands at loops over arrays that
 * software adapters, too, only keep in registers, and compile faster, where indices are constants.
 */
const marked =
  /for \(var (\w+) = (\w+); \1 < (\w+); \1\+\+\) \{ (?:\/\/ (?:always )?unroll\n|\/\* (?:always )?unroll \*\/)/;
const always = /for \(var (\w+) = (\w+); \1 < (\w+); \1\+\+\) \{ (?:\/\/ always unroll\n|\/\* always unroll \*\/)/;

/**
 * Unrolls the loops marked `// unroll` and replaces the index by its value: naga adds a guard to every loop that compilers
 * do not optimize away, and arrays indexed in such loops are then kept in memory instead of registers.
 * Line numbers stay those of the file: copies after the first are on one line.
 *
 * @param sizes  values of constants that loop ends may name; `const NAME: u32 = 8u;` in the source counts too
 * @param which  all marked loops, or those alone that are marked `// always unroll`
 */
export function unroll(
  source: string,
  sizes: Readonly<Record<string, number>>,
  which: "all" | "always" = "all",
): string {
  const constants = new Map(Object.entries(sizes));
  for (const [, name = "", value] of source.matchAll(/const (\w+)(?:: u32)? = (\d+)u;/g))
    constants.set(name, Number(value));
  const numberOf = (text: string): number => {
    const value = /^\d+u?$/.test(text) ? Number.parseInt(text, 10) : constants.get(text);
    if (value === undefined) throw new TypeError(`a loop to unroll ends at ${text}, which is not a constant`);
    return value;
  };
  const mark = which === "all" ? marked : always;
  let text = source;
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    const [head, index, first = "", end = ""] = match;
    const ownLines = head.endsWith("\n");
    const start = match.index + head.length;
    let close = start;
    for (let depth = 1; depth > 0; close++) {
      if (text[close] === "{") depth++;
      if (text[close] === "}") depth--;
    }
    const body = text.slice(start, close - 1);
    const copies: string[] = [];
    for (let i = numberOf(first); i < numberOf(end); i++) {
      const copy = body.replace(new RegExp(`(?<![.\\w])${index}\\b`, "g"), `${i}u`);
      copies.push(copies.length === 0 && ownLines ? `{\n${copy}}` : `{ ${flatten(copy)} }`);
    }
    const nothing = ownLines ? "\n".repeat(body.split("\n").length) : "";
    text = text.slice(0, match.index) + (copies.length > 0 ? copies.join(" ") : nothing) + text.slice(close);
  }
  return text;
}

/** As one line without comments, except the marks of inner loops. */
const flatten = (text: string): string =>
  text
    .replace(/\/\/ ((?:always )?unroll)\n/g, "/* $1 */")
    .replace(/\/\/.*$/gm, "")
    .replace(/\s*\n\s*/g, " ");
