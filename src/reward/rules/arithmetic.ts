import { decimal, negative, over, plus, power, type Rational, times, toNumber } from "./rational.ts";

/** A number: exact where it is a fraction of whole numbers; else a double alone. */
export interface Value {
  exact: Rational | null;
  near: number;
}

export const exactly = (exact: Rational): Value => ({ exact, near: toNumber(exact) });

const nearly = (near: number): Value | null => (Number.isFinite(near) ? { exact: null, near } : null);

/**
 * The value of an expression of numbers, + - * / ^, brackets, √ and π, null where the text is anything else: "2√(10)",
 * "-(1)/(2)", "π/4". Nothing is evaluated but this grammar.
 */
export function arithmetic(text: string): Value | null {
  const signs = text.replace(/\s+/g, " ").replace(/⁄/g, "/").replace(/×/g, "*").trim();
  const tokens = signs.match(/\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?|\.\d+|\S/gi);
  if (tokens === null || tokens.length > 64) return null;
  // "1 2" is two numbers, "1 1/2" a mixed one: both are read elsewhere.
  if (/[\d.] +[\d.]/.test(signs)) return null;
  return new Reader(tokens).whole();
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Value | null {
    const value = this.#sum();
    return this.#at === this.#tokens.length ? value : null;
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #take(...signs: string[]): string | null {
    if (!signs.includes(this.#next)) return null;
    return this.#tokens[this.#at++] ?? null;
  }

  #sum(): Value | null {
    let left = this.#product();
    for (let sign = this.#take("+", "-"); sign !== null && left !== null; sign = this.#take("+", "-")) {
      const right = this.#product();
      left = right && (sign === "+" ? sum(left, right) : sum(left, minus(right)));
    }
    return left;
  }

  #product(): Value | null {
    let left = this.#signed();
    while (left !== null) {
      const sign = this.#take("*", "/");
      // 2√3 and 2(3) are products too.
      if (sign === null && !/^[√π(]$/.test(this.#next)) return left;
      const right = sign === null ? this.#power() : this.#signed();
      left = right && (sign === "/" ? quotient(left, right) : product(left, right));
    }
    return null;
  }

  #signed(): Value | null {
    const sign = this.#take("+", "-");
    const value = this.#power();
    return value !== null && sign === "-" ? minus(value) : value;
  }

  #power(): Value | null {
    const base = this.#atom();
    if (base === null || this.#take("^") === null) return base;
    const exponent = this.#signed();
    return exponent && raised(base, exponent);
  }

  #atom(): Value | null {
    if (this.#take("√") !== null) {
      const value = this.#atom();
      return value === null || value.near < 0 ? null : root(value);
    }
    if (this.#take("π") !== null) return nearly(Math.PI);
    if (this.#take("(") !== null) {
      const value = this.#sum();
      return this.#take(")") === null ? null : value;
    }
    if (!/^[\d.]/.test(this.#next)) return null;
    const value = decimal(this.#next);
    if (value === null) return null;
    this.#at++;
    return exactly(value);
  }
}

const minus = ({ exact, near }: Value): Value => ({ exact: exact && negative(exact), near: -near });
const sum = (a: Value, b: Value): Value | null =>
  a.exact && b.exact ? exactly(plus(a.exact, b.exact)) : nearly(a.near + b.near);
const product = (a: Value, b: Value): Value | null =>
  a.exact && b.exact ? exactly(times(a.exact, b.exact)) : nearly(a.near * b.near);

function quotient(a: Value, b: Value): Value | null {
  if (!a.exact || !b.exact) return nearly(a.near / b.near);
  const exact = over(a.exact, b.exact);
  return exact && exactly(exact);
}

function raised(base: Value, exponent: Value): Value | null {
  const exact = base.exact && exponent.exact && power(base.exact, exponent.exact);
  if (exact) return exactly(exact);
  const near = base.near ** exponent.near;
  // What a double rounds to 0 is not 0.
  return near === 0 ? null : nearly(near);
}

/** √16 is 4, and not about 4. */
function root({ exact, near }: Value): Value | null {
  const of = Math.sqrt(near);
  if (exact && Number.isSafeInteger(of) && exact.n === BigInt(of) ** 2n * exact.d) return exactly(decimal(String(of))!);
  return nearly(of);
}
