import { type Part, PatternError, widthOf } from "./pattern.ts";
import { PatternReader } from "./pattern_reader.ts";
import { type Flags, folded, isNewline, setFlags, setOf, single, type Test, wordOf } from "./python_characters.ts";

/** Source: Lib/re/_parser.py of Python 3.12. */
export class PythonParser extends PatternReader {
  readonly names = new Map<string, number>();
  #groups = 0;

  parse(): { part: Part; names: ReadonlyMap<string, number> } {
    const flags: Flags = { ignoreCase: false, multiline: false, dotAll: false, verbose: false, ascii: false };
    this.#globalFlags(flags);
    const part = this.#choice(flags, 0);
    if (!this.isDone) throw new PatternError("a closing parenthesis has no opening one");
    return { part, names: this.names };
  }

  /** `(?i)` and the like: for all of the pattern, and only at its beginning. */
  #globalFlags(flags: Flags): void {
    for (;;) {
      const [whole, letters] = this.look(/^\s*\(\?([aiLmsux]+)\)/) ?? [];
      if (!whole || (!flags.verbose && whole[0] !== "(")) return;
      setFlags(flags, letters ?? "", true);
      this.skip(whole.length);
    }
  }

  #choice(flags: Flags, depth: number): Part {
    this.checkDepth(depth);
    const options = [this.#sequence(flags, depth)];
    while (this.take("|")) options.push(this.#sequence(flags, depth));
    const [only] = options;
    return only && options.length === 1 ? only : { kind: "choice", options };
  }

  #sequence(flags: Flags, depth: number): Part {
    const parts: Part[] = [];
    for (;;) {
      this.#skipComments(flags);
      if (this.isDone || this.at("|") || this.at(")")) return { kind: "sequence", parts };
      parts.push(this.#quantified(this.#atom(flags, depth), flags));
    }
  }

  /** Skips comments: a repetition behind one repeats the part before it. */
  #skipComments({ verbose }: Flags): void {
    for (;;) {
      const [idle] = this.look(verbose ? /^(?:\(\?#[^)]*\)|[ \t\n\r\f\v]+|#[^\n]*)/ : /^\(\?#[^)]*\)/) ?? [];
      if (!idle) break;
      this.skip(idle.length);
    }
    if (this.at("(?#")) throw new PatternError("a comment is not closed");
  }

  #quantified(part: Part, flags: Flags): Part {
    this.#skipComments(flags);
    const [whole, bounds] = this.look(/^(?:[*+?]|\{(\d*(?:,\d*)?)\})/) ?? [];
    // "{}" is text, and so is what is not a pair of numbers.
    if (!whole || bounds === "") return part;
    if (part.kind === "place") throw new PatternError(`there is nothing to repeat before "${whole}"`);
    this.skip(whole.length);
    let [least, most] = [whole === "+" ? 1 : 0, whole === "?" ? 1 : Number.POSITIVE_INFINITY];
    if (bounds !== undefined) {
      const [low, high] = bounds.split(",");
      least = Number(low || 0);
      most = high === undefined ? least : high === "" ? Number.POSITIVE_INFINITY : Number(high);
      if (most < least) throw new PatternError(`in "${whole}" the least is more than the most`);
    }
    const isLazy = this.take("?");
    const isPossessive = !isLazy && this.take("+");
    this.#skipComments(flags);
    if (this.look(/^(?:[*+?]|\{(?:\d+(?:,\d*)?|,\d*)\})/))
      throw new PatternError("a repetition is repeated without a group");
    const repeat: Part = { kind: "repeat", part, least, most, isGreedy: !isLazy };
    return isPossessive ? { kind: "atomic", part: repeat } : repeat;
  }

  #atom(flags: Flags, depth: number): Part {
    const character = this.next();
    switch (character) {
      case "(":
        return this.#group(flags, depth + 1);
      case "[":
        return { kind: "character", test: folded(this.#class(flags), flags) };
      case "\\":
        return this.#escape(flags);
      case ".":
        return { kind: "character", test: flags.dotAll ? () => true : (point) => !isNewline(point) };
      case "^":
        return flags.multiline
          ? { kind: "place", test: (points, at) => at === 0 || isNewline(points[at - 1]) }
          : { kind: "place", test: (_, at) => at === 0 };
      case "$":
        return {
          kind: "place",
          test: (points, at) =>
            at === points.length || (isNewline(points[at]) && (flags.multiline || at === points.length - 1)),
        };
      case "*":
      case "+":
      case "?":
        throw new PatternError(`there is nothing to repeat before "${character}"`);
    }
    const quantifier = character === "{" ? this.look(/^(?:\d+(?:,\d*)?|,\d*)\}/) : null;
    if (quantifier) throw new PatternError(`there is nothing to repeat before "{${quantifier[0]}"`);
    return this.#literal(character.codePointAt(0)!, flags);
  }

  #literal(point: number, flags: Flags): Part {
    return { kind: "character", test: folded((other) => other === point, flags) };
  }

  #group(flags: Flags, depth: number): Part {
    if (!this.take("?")) return this.#captured(flags, depth, null);
    const [name] = this.look(/^P<([^>]*)>/) ?? [];
    if (name) {
      this.skip(name.length);
      return this.#captured(flags, depth, name.slice(2, -1));
    }
    if (this.take(":")) return this.#closed(this.#choice({ ...flags }, depth));
    if (this.take(">")) return { kind: "atomic", part: this.#closed(this.#choice({ ...flags }, depth)) };
    const [look] = this.look(/^<?[=!]/) ?? [];
    if (look) {
      this.skip(look.length);
      const part = this.#closed(this.#choice({ ...flags }, depth));
      const behind = look[0] === "<";
      const [least, most] = widthOf(part);
      if (behind && least !== most) throw new PatternError("what it looks behind for has no one length");
      return { kind: "look", part, behind, negated: look.endsWith("!") };
    }
    if (this.at("P=")) throw new PatternError("it refers back to a group, which is not followed here");
    if (this.at("(")) throw new PatternError("it depends on whether a group matched, which is not followed here");
    const [whole, on, off] = this.look(/^([aiLmsux]*)(?:-([imsx]+))?:/) ?? [];
    if (whole) {
      const own = { ...flags };
      setFlags(own, on ?? "", true);
      setFlags(own, off ?? "", false);
      this.skip(whole.length);
      return this.#closed(this.#choice(own, depth));
    }
    if (this.look(/^[aiLmsux]+\)/)) throw new PatternError("flags for all of it are allowed at its beginning only");
    throw new PatternError(`"(?${this.rest(3)}" begins no group`);
  }

  #captured(flags: Flags, depth: number, name: string | null): Part {
    const group = ++this.#groups;
    if (name !== null) {
      if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) throw new PatternError(`"${name}" is not a name for a group`);
      if (this.names.has(name)) throw new PatternError(`two groups are named "${name}"`);
      this.names.set(name, group);
    }
    return { kind: "group", part: this.#closed(this.#choice({ ...flags }, depth)), group };
  }

  #closed(part: Part): Part {
    if (!this.take(")")) throw new PatternError("a parenthesis is not closed");
    return part;
  }

  #escape(flags: Flags): Part {
    const letter = this.next();
    const set = setOf(letter, flags);
    if (set) return { kind: "character", test: set };
    const isWord = wordOf(flags);
    const border = (points: readonly number[], at: number) => isWord(points[at - 1]) !== isWord(points[at]);
    if (letter === "b") return { kind: "place", test: border };
    if (letter === "B") return { kind: "place", test: (points, at) => points.length > 0 && !border(points, at) };
    if (letter === "A") return { kind: "place", test: (_, at) => at === 0 };
    if (letter === "Z" || letter === "z") return { kind: "place", test: (points, at) => at === points.length };
    if (/[1-9]/.test(letter)) {
      const [octal] = this.look(/^[0-7]{2}/) ?? [];
      if (!octal || letter > "3") throw new PatternError("it refers back to a group, which is not followed here");
      this.skip(2);
      return this.#literal(Number.parseInt(letter + octal, 8), flags);
    }
    return this.#literal(this.#escaped(letter), flags);
  }

  #escaped(letter: string): number {
    if (letter === "0") {
      const [octal = ""] = this.look(/^[0-7]{1,2}/) ?? [];
      this.skip(octal.length);
      return Number.parseInt(`0${octal}`, 8);
    }
    const digits = { x: 2, u: 4, U: 8 }[letter];
    if (digits) {
      const [hex] = this.look(new RegExp(`^[0-9A-Fa-f]{${digits}}`)) ?? [];
      const point = Number.parseInt(hex ?? "", 16);
      if (!hex || point > 0x10ffff) throw new PatternError(`"\\${letter}" lacks its ${digits} digits`);
      this.skip(digits);
      return point;
    }
    const control = single[letter];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(letter)) throw new PatternError(`"\\${letter}" has no meaning that is followed here`);
    return letter.codePointAt(0)!;
  }

  #class(flags: Flags): Test {
    const negated = this.take("^");
    const tests: Test[] = [];
    for (let isFirst = true; isFirst || !this.at("]"); isFirst = false) {
      const from = this.#classItem(flags);
      if (!this.look(/^-[^\]]/)) {
        tests.push(typeof from === "number" ? (point) => point === from : from);
        continue;
      }
      this.skip(1);
      const to = this.#classItem(flags);
      if (typeof from !== "number" || typeof to !== "number" || to < from)
        throw new PatternError("a range in brackets does not go from a character to a later one");
      tests.push((point) => point >= from && point <= to);
    }
    this.skip(1);
    const test: Test = (point) => tests.some((one) => one(point));
    if (!negated) return test;
    const either = folded(test, flags);
    return (point) => !either(point);
  }

  #classItem(flags: Flags): number | Test {
    const character = this.next();
    if (character !== "\\") return character.codePointAt(0)!;
    const letter = this.next();
    if (letter === "b") return 8;
    const [octal] = /[1-7]/.test(letter) ? (this.look(/^[0-7]{1,2}/) ?? []) : [];
    if (octal) {
      this.skip(octal.length);
      return Number.parseInt(letter + octal, 8);
    }
    return setOf(letter, flags) ?? this.#escaped(letter);
  }
}
