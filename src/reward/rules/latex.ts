/** What stands in each `\boxed{...}` of a text, braces counted. A box that is never closed is none. */
export function boxed(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/\\(?:boxed|fbox)\s*\{/g)) {
    const first = match.index + match[0].length;
    const end = closing(text, first);
    if (end !== null) found.push(text.slice(first, end).trim());
  }
  return found;
}

/** Index of the brace that closes the one before `from`, null where there is none. */
function closing(text: string, from: number): number | null {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return null;
}

/** Commands that change how a text looks and not what it says. */
const looks =
  /\\(?:text(?:rm|sf|tt|it|bf|up|sc|normal)?|math(?:rm|bf|sf|it|tt|normal)|boldsymbol|bm|emph|underline|operatorname|mbox|hbox|boxed|fbox|ensuremath)\s*\{([^{}]*)\}/g;

const signs: readonly [RegExp, string][] = [
  [/\\(?:times|cdot)(?![a-z])/g, "*"],
  [/\\div(?![a-z])/g, "/"],
  [/\\pi(?![a-z])/g, "π"],
  [/\\pm(?![a-z])/g, "±"],
  [/\\approx(?![a-z])/g, "≈"],
  [/\\leq?(?![a-z])/g, "≤"],
  [/\\geq?(?![a-z])/g, "≥"],
  [/\\neq?(?![a-z])/g, "≠"],
  [/\\(?:[cl]?dots)(?![a-z])/g, "..."],
  [/\\([%$#&_])/g, "$1"],
];

/** Simple LaTeX as the plain text that it means: "\dfrac{1}{2}\,\text{cm}" is "(1)/(2) cm". Other text stays. */
export function withoutLatex(text: string): string {
  let out = text
    .replace(/\\[()[\]]/g, " ")
    .replace(/\$\$([^$]+)\$\$/g, " $1 ")
    // A single one is money, and so are two before digits.
    .replace(/(?<!\\)\$([^$]*[^$\\])\$(?!\d)/g, " $1 ")
    .replace(/\\left(?![a-z])|\\right(?![a-z])|\\[!,;: ]|\\q?quad(?![a-z])|\\(?:display|text)style(?![a-z])/g, " ")
    .replace(/\\(?:rm|bf|it|sf|tt|bfseries|itshape)(?![a-z])/g, " ")
    // A blank in LaTeX; before a number it means about, and between two of them a range.
    .replace(/(?<=\S)~(?!\d)/g, " ")
    .replace(/\{,\}/g, ",")
    .replace(/\\[dtc]frac(?![a-z])/gi, "\\frac")
    .replace(/\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-z])/g, "°");
  for (const [from, to] of signs) out = out.replace(from, to);
  out = out
    // \frac12 and \sqrt2 take one sign each.
    .replace(/\\frac\s*(\d)\s*(\d)/g, "\\frac{$1}{$2}")
    .replace(/\\sqrt\s*(\d)/g, "\\sqrt{$1}");
  // From the inside out: no braces within the braces.
  for (let before = ""; before !== out; ) {
    before = out;
    out = out
      .replace(looks, " $1 ")
      // 1\frac{1}{2} is a mixed number.
      .replace(/(?<=\d)\s*\\frac\s*\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}/g, " $1/$2")
      .replace(/\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "(($1)/($2))")
      .replace(/\\sqrt\s*\{([^{}]*)\}/g, "√($1)")
      .replace(/\^\s*\{([^{}]*)\}/g, "^($1)")
      .replace(/^\s*\{([^{}]*)\}\s*$/, "$1");
  }
  return out.replace(/\s+/g, " ").trim();
}
