import { NotUnderstood, type Part, type Sequence, type VariableOperator, type Word } from "./tree.ts";

const operators: readonly VariableOperator[] = [":-", ":=", ":+", ":?", "-", "=", "+", "?"];

/** Deepest nesting of expansions. */
const deepest = 100;

/** Letters that end a word outside quotes. */
const isMeta = (letter: string | undefined): boolean => letter === undefined || " \t\n;&|<>()".includes(letter);

/**
 * Reads a bash text word by word: quotes, escapes, expansions, continued lines. What stands in "$( )" is read by
 * `commands`, since only that knows where it ends.
 */
export class ShellWords {
  at = 0;
  /** How many "${" are open: quotes and backslashes mean something else there, and not the same in every bash. */
  private open = 0;
  readonly text: string;
  private readonly lineStarts: number[] = [0];
  private readonly commands: (close: string) => Sequence;

  constructor(text: string, commands: (close: string) => Sequence) {
    this.text = text;
    this.commands = commands;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.lineStarts.push(at + 1);
  }

  line(at = this.at): number {
    let [low, high] = [0, this.lineStarts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.lineStarts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  /** The error for unsupported syntax at `at`. */
  fail(what: string, at = this.at): NotUnderstood {
    return new NotUnderstood(this.line(at), what);
  }

  /** Whether a word begins here. */
  beginsWord(): boolean {
    const letter = this.text[this.at];
    if ((letter === "<" || letter === ">") && this.text[this.at + 1] === "(") return true;
    return !isMeta(letter);
  }

  word(): Word {
    const start = this.at;
    const parts: Part[] = [];
    while (this.beginsWord()) {
      const letter = this.text[this.at]!;
      if (letter === "<" || letter === ">") {
        if (this.at > start) break;
        this.at += 2;
        const commands = this.commands(")");
        parts.push(this.dynamic(start, "a program would have to be run for it", false, commands));
      } else this.piece(parts, false);
    }
    return { parts, line: this.line(start), source: this.text.slice(start, this.at) };
  }

  /** Reads one part of a word: a quoted part, an expansion or a letter. */
  private piece(parts: Part[], inDouble: boolean): void {
    const letter = this.text[this.at]!;
    if (letter === "\\") {
      const next = this.text[this.at + 1];
      this.at += 2;
      if (next === "\n") return;
      if (next === undefined) this.at--;
      if (inDouble && this.open > 0 && !'$`"\\'.includes(next ?? ""))
        throw this.fail(`a backslash within \${ } is not followed`);
      const isEscaped = !inDouble || '$`"\\'.includes(next ?? "");
      append(parts, isEscaped ? (next ?? "\\") : `\\${next ?? ""}`, true);
    } else if (letter === "'" && !inDouble) {
      const end = this.text.indexOf("'", this.at + 1);
      if (end < 0) throw this.fail("a quote (') is not closed");
      append(parts, this.text.slice(this.at + 1, end), true);
      this.at = end + 1;
    } else if (letter === '"') this.doubleQuoted(parts);
    else if (letter === "$") this.dollar(parts, inDouble);
    else if (letter === "`") {
      const start = this.at;
      do {
        this.at = this.text[this.at] === "\\" ? this.at + 2 : this.at + 1;
        if (this.at >= this.text.length) throw this.fail("a backquote is not closed", start);
      } while (this.text[this.at] !== "`");
      this.at++;
      parts.push(this.dynamic(start, "a program would have to be run for it", inDouble));
    } else {
      append(parts, letter, inDouble);
      this.at++;
    }
  }

  private doubleQuoted(parts: Part[]): void {
    const start = this.at++;
    append(parts, "", true);
    while (this.text[this.at] !== '"') {
      if (this.at >= this.text.length) throw this.fail('a quote (") is not closed', start);
      this.piece(parts, true);
    }
    this.at++;
  }

  private dollar(parts: Part[], inDouble: boolean): void {
    const start = this.at;
    const rest = this.text.slice(start, start + 200);
    if (inDouble && this.open > 0 && rest[1] === "'") throw this.fail(`$' within \${ } is not followed`);
    if (!inDouble && rest[1] === "'") {
      this.ansi(parts);
      return;
    }
    if (!inDouble && rest[1] === '"') {
      this.at++;
      this.doubleQuoted(parts);
      return;
    }
    if (rest[1] === "{") {
      parts.push(this.braced(inDouble));
      return;
    }
    if (rest.startsWith("$((")) {
      const end = arithmeticEnd(this.text, start + 3);
      if (end !== null) {
        this.at = end + 2;
        parts.push({ kind: "arithmetic", text: this.text.slice(start + 3, end), quoted: inDouble });
        return;
      }
    }
    if (rest[1] === "(") {
      this.at += 2;
      const commands = this.commands(")");
      parts.push(this.dynamic(start, "a program would have to be run for it", inDouble, commands));
      return;
    }
    const name = /^\$([A-Za-z_]\w*|\d|[@*#?$!-])/.exec(rest)?.[1];
    if (name === undefined) {
      if (rest[1] === "[") throw this.fail("$[ ] is not followed");
      append(parts, "$", true);
      this.at++;
      return;
    }
    // The slice would cut a longer name; nobody has one of 200 letters.
    this.at += 1 + name.length;
    parts.push(
      name === "@" || name === "*"
        ? { kind: "array", name, quoted: inDouble }
        : { kind: "variable", name, operator: "", word: [], quoted: inDouble },
    );
  }

  /** "${...}" */
  private braced(inDouble: boolean): Part {
    const start = this.at;
    this.at += 2;
    const name = /^([A-Za-z_]\w*|\d+|[@*])/.exec(this.text.slice(this.at, this.at + 200))?.[1];
    if (name !== undefined) {
      this.at += name.length;
      if (this.text[this.at] === "}") {
        this.at++;
        const isList = name === "@" || name === "*";
        return isList
          ? { kind: "array", name, quoted: inDouble }
          : { kind: "variable", name, operator: "", word: [], quoted: inDouble };
      }
      // From the first argument on, or a later one: there is none.
      const rest = /^:[1-9]\d*\}/.exec(this.text.slice(this.at, this.at + 20))?.[0];
      if ((name === "@" || name === "*") && rest !== undefined) {
        this.at += rest.length;
        return { kind: "array", name, quoted: inDouble };
      }
      if (this.text.startsWith("[@]}", this.at)) {
        this.at += 4;
        return { kind: "array", name, quoted: inDouble };
      }
      const operator = operators.find((text) => this.text.startsWith(text, this.at));
      if (operator !== undefined && name !== "@" && name !== "*") {
        this.at += operator.length;
        const word = this.untilBrace(start, inDouble);
        return { kind: "variable", name, operator, word, quoted: inDouble };
      }
    }
    const words = this.untilBrace(start, inDouble);
    return { ...this.dynamic(start, "this expansion is not followed", inDouble), words } as Part;
  }

  private untilBrace(start: number, inDouble: boolean): Part[] {
    const parts: Part[] = [];
    if (++this.open > deepest) throw this.fail("expansions stand in one another too deeply", start);
    while (this.text[this.at] !== "}") {
      if (this.at >= this.text.length) throw this.fail(`"\${" is not closed`, start);
      this.piece(parts, inDouble);
    }
    this.open--;
    this.at++;
    return parts;
  }

  /** $'...' */
  private ansi(parts: Part[]): void {
    const start = this.at;
    const found = /^\$'((?:[^'\\]|\\[\s\S])*)'/.exec(this.text.slice(start));
    if (!found) throw this.fail("a quote (') is not closed");
    this.at += found[0].length;
    const body = found[1]!;
    if (/\\[^ntr\\'"?]/.test(body.replaceAll("\\\\", "")))
      parts.push(this.dynamic(start, "an escape in $'...' is not followed", true));
    else {
      const letters: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
      append(
        parts,
        body.replace(/\\([\s\S])/g, (_, letter: string) => letters[letter] ?? letter),
        true,
      );
    }
  }

  private dynamic(start: number, why: string, isQuoted: boolean, commands: Sequence = []): Part {
    const source = this.text.slice(start, this.at);
    return { kind: "dynamic", source, why, commands, words: [], quoted: isQuoted };
  }
}

function append(parts: Part[], text: string, isQuoted: boolean): void {
  const last = parts.at(-1);
  if (last?.kind === "text" && last.quoted === isQuoted) last.text += text;
  else parts.push({ kind: "text", text, quoted: isQuoted });
}

/** Where the "))" stands that closes an arithmetic expansion; null where it is none. */
export function arithmeticEnd(text: string, from: number): number | null {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")") {
      if (depth > 0) depth--;
      else return text[at + 1] === ")" ? at : null;
    }
  }
  return null;
}
