/**
 * The value of a "$(( ))" of whole numbers, names, + - * / % and brackets; null for all else (shifts, assignments,
 * octal numbers, a division by zero, numbers beyond 2^53).
 *
 * @param textOf the text of a name, null where it is not certain
 */
export function arithmetic(text: string, textOf: (name: string) => string | null): string | null {
  const tokens = text.match(/\$\{\w+\}|\$?[A-Za-z_]\w*|\d+|[^\s]/g) ?? [];
  let at = 0;
  const isSafe = (value: number | null): number | null =>
    value !== null && Number.isSafeInteger(value) ? value : null;

  const primary = (): number | null => {
    const token = tokens[at++];
    if (token === undefined) return null;
    if (token === "-" || token === "+") {
      const value = primary();
      return value === null ? null : token === "-" ? 0 - value : value;
    }
    if (token === "(") {
      const value = sum();
      return tokens[at++] === ")" ? value : null;
    }
    const name = /^\$?\{?([A-Za-z_]\w*)\}?$/.exec(token)?.[1];
    const digits = name === undefined ? token : textOf(name);
    return digits !== null && /^-?(0|[1-9]\d*)$/.test(digits) ? isSafe(Number(digits)) : null;
  };
  const product = (): number | null => {
    let value = primary();
    while (value !== null && ["*", "/", "%"].includes(tokens[at] ?? "")) {
      const operator = tokens[at++];
      const right = primary();
      if (right === null || (operator !== "*" && right === 0)) return null;
      const result = operator === "*" ? value * right : operator === "/" ? Math.trunc(value / right) : value % right;
      value = isSafe(result);
    }
    return value;
  };
  const sum = (): number | null => {
    let value = product();
    while (value !== null && (tokens[at] === "+" || tokens[at] === "-")) {
      const operator = tokens[at++];
      const right = product();
      value = right === null ? null : isSafe(operator === "+" ? value + right : value - right);
    }
    return value;
  };

  const value = sum();
  // The rest is an operator that is not supported ("**", "<<", "?").
  return value === null || at < tokens.length ? null : String(value + 0);
}

/** Names in an arithmetic expression, and which of them it sets; open where the name of one is itself computed. */
export function calculated(text: string): { sets: string[]; reads: string[]; isOpen: boolean } {
  const reads = text.match(/[A-Za-z_]\w*/g) ?? [];
  const assigns = /(^|[^=!<>])=([^=]|$)|<<=|>>=|\+\+|--/.test(text);
  const isOpen = /\$\{?\w+\}?\s*([-+*/%&|^]|<<|>>)?=([^=]|$)|\$\{?\w+\}?(\+\+|--)|(\+\+|--)\$/.test(text);
  return { sets: assigns ? reads : [], reads, isOpen };
}
