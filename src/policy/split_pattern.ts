import { type Budget, matchAt } from "../model/pattern/match.ts";
import { compile, type Part, PatternError, type Program } from "../model/pattern/pattern.ts";
import { PatternReader } from "../model/pattern/pattern_reader.ts";

/** Steps for each character of a text, and for a text of none: many times what a tokenizer's pattern takes. */
const stepsPerCharacter = 200;
const stepsAtLeast = 100_000;

/** What all patterns together may take for a text. */
export const stepsFor = (text: string): number => stepsAtLeast + stepsPerCharacter * text.length;

/** A text as code points, and where each begins in it. */
interface Text {
  text: string;
  points: number[];
  starts: number[];
}

/**
 * A regular expression that finds what the runtime's own finds, with a bound on the steps: the runtime's engine takes
 * exponential time for `(a+)+b` on a long text, and nothing can stop it. Follows the syntax of flag "u" except for
 * back-references.
 * @throws PatternError when it is made, and when it is used on a text that takes too long
 */
export class SplitPattern extends RegExp {
  readonly #program: Program;
  readonly #budget: Budget;
  #last: Text | null = null;

  /** @param budget  steps for the text that is encoded; a match that uses it up throws */
  constructor(pattern: RegExp | string, flags?: string, budget?: Budget) {
    super(pattern, flags);
    // The runtime makes copies with other flags, for matchAll and split.
    const copied = pattern instanceof SplitPattern ? pattern : null;
    this.#program = copied ? copied.#program : compile(new Parser(this.source).parse());
    this.#budget = budget ?? (copied ? copied.#budget : { left: Number.POSITIVE_INFINITY });
  }

  override exec(text: string): RegExpExecArray | null {
    const moves = this.global || this.sticky;
    const from = moves ? this.lastIndex : 0;
    const one = this.#open(text);
    let at = from > text.length ? -1 : one.starts.indexOf(from);
    // Within a pair of surrogates: the next character, as the runtime does it.
    if (at < 0 && from < text.length) at = one.starts.indexOf(from + 1);
    for (; at >= 0 && at <= one.points.length; at++) {
      const found = matchAt(this.#program, { points: one.points, budget: this.#budget }, at);
      if (!found) {
        if (this.sticky) break;
        continue;
      }
      if (moves) this.lastIndex = one.starts[found.end] ?? text.length;
      const groups: (string | undefined)[] = [];
      for (let group = 1; group < this.#program.groups; group++) {
        const [begin = -1, end = -1] = found.slots.slice(group * 2);
        groups.push(begin < 0 || end < begin ? undefined : text.slice(one.starts[begin], one.starts[end]));
      }
      const whole = text.slice(one.starts[at], one.starts[found.end]);
      return Object.assign([whole, ...groups] as unknown as RegExpExecArray, {
        index: one.starts[at] ?? text.length,
        input: text,
        groups: undefined,
      });
    }
    if (moves) this.lastIndex = 0;
    return null;
  }

  #open(text: string): Text {
    if (this.#last?.text === text) return this.#last;
    const points: number[] = [];
    const starts: number[] = [];
    let start = 0;
    for (const character of text) {
      points.push(character.codePointAt(0) ?? 0);
      starts.push(start);
      start += character.length;
    }
    starts.push(start);
    this.#last = { text, points, starts };
    return this.#last;
  }
}

/** A test of single characters by the runtime's own engine, which cannot backtrack there; results are cached. */
function characterTest(source: string): (point: number) => boolean {
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^${source}$`, "u");
  } catch {
    throw new PatternError(`"${source.slice(0, 40)}" stands for no set of characters`);
  }
  // 0: not known yet, 1: no, 2: yes.
  const known = new Uint8Array(0x10000);
  const ask = (point: number): boolean => pattern.test(String.fromCodePoint(point));
  return (point) => {
    if (point >= known.length) return ask(point);
    if (known[point] === 0) known[point] = ask(point) ? 2 : 1;
    return known[point] === 2;
  };
}

const isLineEnd = (point: number): boolean => point === 10 || point === 13 || point === 0x2028 || point === 0x2029;
const isWord = characterTest("\\w");

/** Parses regular expressions with the flag "u", which the runtime's own parser has accepted. */
class Parser extends PatternReader {
  #groups = 0;

  parse(): Part {
    const part = this.#choice(0);
    if (!this.isDone) throw new PatternError("a closing parenthesis has no opening one");
    return part;
  }

  #choice(depth: number): Part {
    this.checkDepth(depth);
    const first = this.#sequence(depth);
    const others: Part[] = [];
    while (this.take("|")) others.push(this.#sequence(depth));
    return others.length === 0 ? first : { kind: "choice", options: [first, ...others] };
  }

  #sequence(depth: number): Part {
    const parts: Part[] = [];
    while (!this.isDone && !this.at("|") && !this.at(")")) parts.push(this.#repeated(this.#atom(depth)));
    return { kind: "sequence", parts };
  }

  #repeated(part: Part): Part {
    const [whole, low, comma, high] = this.look(/^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})/) ?? [];
    if (!whole) return part;
    this.skip(whole.length);
    let [least, most] = [whole === "+" ? 1 : 0, whole === "?" ? 1 : Number.POSITIVE_INFINITY];
    if (low !== undefined) {
      least = Number(low);
      most = comma ? (high ? Number(high) : Number.POSITIVE_INFINITY) : least;
    }
    return { kind: "repeat", part, least, most, isGreedy: !this.take("?") };
  }

  #atom(depth: number): Part {
    const character = this.next();
    if (character === "(") return this.#group(depth + 1);
    if (character === "[") return { kind: "character", test: characterTest(`[${this.#class()}]`) };
    if (character === "\\") return this.#escape();
    if (character === ".") return { kind: "character", test: (point) => !isLineEnd(point) };
    if (character === "^") return { kind: "place", test: (_, at) => at === 0 };
    if (character === "$") return { kind: "place", test: (points, at) => at === points.length };
    const only = character.codePointAt(0);
    return { kind: "character", test: (point) => point === only };
  }

  #class(): string {
    let text = "";
    for (;;) {
      const character = this.next();
      if (character === "]") return text;
      text += character === "\\" ? character + this.next() : character;
    }
  }

  #escape(): Part {
    if (this.look(/^(?:[1-9]|k)/)) throw new PatternError("it refers back to a group, which is not supported here");
    const [border] = this.look(/^[bB]/) ?? [];
    if (border) {
      this.skip(1);
      const isWordAt = (points: readonly number[], at: number) => {
        const point = points[at];
        return point !== undefined && isWord(point);
      };
      const isBorder = (points: readonly number[], at: number) => isWordAt(points, at - 1) !== isWordAt(points, at);
      return { kind: "place", test: border === "b" ? isBorder : (points, at) => !isBorder(points, at) };
    }
    const [rest] =
      this.look(
        /^(?:[pP]\{[^}]*\}|u\{[0-9A-Fa-f]+\}|u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[\s\S])/u,
      ) ?? [];
    if (rest === undefined) throw new PatternError("it ends too early");
    this.skip(rest.length);
    return { kind: "character", test: characterTest(`\\${rest}`) };
  }

  #group(depth: number): Part {
    const [look] = this.look(/^\?<?[=!]/) ?? [];
    if (look) {
      this.skip(look.length);
      const part = this.#closed(this.#choice(depth));
      return { kind: "look", part, behind: look[1] === "<", negated: look.endsWith("!") };
    }
    if (this.take("?:")) return this.#closed(this.#choice(depth));
    const [name] = this.look(/^\?<[^>]*>/) ?? [];
    if (!name && this.at("?")) throw new PatternError(`"(${this.rest(3)}" begins no group that is supported here`);
    if (name) this.skip(name.length);
    const group = ++this.#groups;
    return { kind: "group", part: this.#closed(this.#choice(depth)), group };
  }

  #closed(part: Part): Part {
    if (!this.take(")")) throw new PatternError("a parenthesis is not closed");
    return part;
  }
}
