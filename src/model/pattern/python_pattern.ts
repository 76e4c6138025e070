import { matchAt } from "./match.ts";
import { compile, type Program } from "./pattern.ts";
import { PythonParser } from "./python_parser.ts";

/**
 * Patterns of Python's `re` for str, as far as no backreference is in them.
 * Source: docs.python.org/3/library/re.html and Lib/re/_parser.py of 3.12.
 */
export class PythonPattern {
  readonly #program: Program;
  readonly #names: ReadonlyMap<string, number>;

  /** @throws PatternError with what is wrong, or not followed, in `source` */
  constructor(source: string) {
    const { part, names } = new PythonParser(source).parse();
    this.#program = compile(part);
    this.#names = names;
  }

  /** re.fullmatch(pattern, text) is not None. */
  fullmatch(text: string, budget: { left: number }): boolean {
    const points = pointsOf(text);
    return matchAt(this.#program, { points, budget }, 0, points.length) !== null;
  }

  /** re.match(pattern, text): its named groups, null where it does not match from the beginning on. */
  match(text: string, budget: { left: number }): Record<string, string | null> | null {
    const points = pointsOf(text);
    const found = matchAt(this.#program, { points, budget }, 0);
    if (!found) return null;
    const groups = [...this.#names].map(([name, group]) => {
      const [from = -1, to = -1] = found.slots.slice(group * 2, group * 2 + 2);
      return [name, from < 0 || to < 0 ? null : String.fromCodePoint(...points.slice(from, to))] as const;
    });
    return Object.fromEntries(groups);
  }
}

const pointsOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0)!);
