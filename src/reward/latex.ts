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

/** Simple LaTeX as the plain mathematics that it means: "\dfrac{1}{2}\,\text{cm}" is "(1)/(2) cm". Other text stays. */
export function withoutLatex(text: string): string {
  let out = text
    .replace(/\\[()[\]]/g, " ")
    // A single one is money.
    .replace(/\$([^$]+)\$/g, " $1 ")
    .replace(/\\left(?![a-z])|\\right(?![a-z])|\\[!,;: ]|\\quad(?![a-z])|~/g, " ")
    .replace(/\{,\}/g, ",")
    .replace(/\\[dt]frac(?![a-z])/gi, "\\frac")
    .replace(/\\(?:text|mathrm|mathbf|textbf|mathit|operatorname|mbox)\s*\{([^{}]*)\}/g, " $1 ")
    .replace(/\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-z])/g, "°")
    .replace(/\\(?:times|cdot)(?![a-z])/g, "*")
    .replace(/\\div(?![a-z])/g, "/")
    .replace(/\\pi(?![a-z])/g, "π")
    .replace(/\\%/g, "%")
    // \frac12 and \sqrt2 take one sign each.
    .replace(/\\frac\s*(\d)\s*(\d)/g, "\\frac{$1}{$2}")
    .replace(/\\sqrt\s*(\d)/g, "\\sqrt{$1}");
  // From the inside out: no braces within the braces.
  for (let before = ""; before !== out; ) {
    before = out;
    out = out
      .replace(/\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "(($1)/($2))")
      .replace(/\\sqrt\s*\{([^{}]*)\}/g, "√($1)")
      .replace(/\^\s*\{([^{}]*)\}/g, "^($1)");
  }
  return out.replace(/\s+/g, " ").trim();
}
