/**
 * The value of an expression of numbers, + - * / ^, brackets, √ and π, null where the text is anything else: "2√(10)",
 * "-(1)/(2)", "π/4". Nothing is evaluated but this grammar.
 */
export function arithmetic(text: string): number | null {
  const signs = text.replace(/\s+/g, " ").replace(/[−–]/g, "-").replace(/⁄/g, "/").replace(/[×·]/g, "*").trim();
  const tokens = signs.match(/\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?|\.\d+|\S/gi);
  if (tokens === null || tokens.length > 64) return null;
  // "1 2" is two numbers, "1 1/2" a mixed one: both are for others to read.
  if (/[\d.] +[\d.]/.test(signs)) return null;
  const value = new Reader(tokens).whole();
  return value !== null && Number.isFinite(value) ? value : null;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): number | null {
    const value = this.#sum();
    return this.#at === this.#tokens.length ? value : null;
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #take(...signs: string[]): string | null {
    if (!signs.includes(this.#next)) return null;
    return this.#tokens[this.#at++];
  }

  #sum(): number | null {
    let left = this.#product();
    for (let sign = this.#take("+", "-"); sign !== null && left !== null; sign = this.#take("+", "-")) {
      const right = this.#product();
      left = right === null ? null : sign === "+" ? left + right : left - right;
    }
    return left;
  }

  #product(): number | null {
    let left = this.#signed();
    while (left !== null) {
      const sign = this.#take("*", "/");
      // 2√3 and 2(3) are products too.
      if (sign === null && !/^[√π(]$/.test(this.#next)) return left;
      const right = sign === null ? this.#power() : this.#signed();
      left = right === null ? null : sign === "/" ? left / right : left * right;
    }
    return null;
  }

  #signed(): number | null {
    const sign = this.#take("+", "-");
    if (sign === null) return this.#power();
    const value = this.#power();
    return value === null ? null : sign === "-" ? -value : value;
  }

  #power(): number | null {
    const base = this.#atom();
    if (base === null || this.#take("^") === null) return base;
    const exponent = this.#signed();
    return exponent === null ? null : base ** exponent;
  }

  #atom(): number | null {
    if (this.#take("√") !== null) {
      const value = this.#atom();
      return value === null || value < 0 ? null : Math.sqrt(value);
    }
    if (this.#take("π") !== null) return Math.PI;
    if (this.#take("(") !== null) {
      const value = this.#sum();
      return this.#take(")") === null ? null : value;
    }
    if (!/^[\d.]/.test(this.#next)) return null;
    const value = Number(this.#next);
    if (Number.isNaN(value)) return null;
    this.#at++;
    return value;
  }
}
