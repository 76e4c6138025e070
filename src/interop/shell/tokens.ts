import type { Assignment, Part, Sequence, Word } from "./tree.ts";
import { ShellWords } from "./words.ts";

const operators = [
  ";;&",
  "<<<",
  "<<-",
  "&>>",
  "&&",
  "||",
  "|&",
  ";;",
  ";&",
  "<<",
  ">>",
  "<&",
  ">&",
  "<>",
  ">|",
  "&>",
  "\n",
  ";",
  "&",
  "|",
  "(",
  ")",
  "<",
  ">",
] as const;
export type Operator = (typeof operators)[number];

const redirections: readonly string[] = ["<<<", "<<-", "<<", ">>", "<&", ">&", "<>", ">|", "&>", "&>>", "<", ">"];
const assignmentStart = /^([A-Za-z_]\w*)(\[[^\]]*\])?(\+?)=/;

/** The name before "=" where a word is written as an assignment. */
function assignmentName(parts: readonly Part[]): RegExpExecArray | null {
  const first = parts[0];
  return first?.kind === "text" && !first.quoted ? assignmentStart.exec(first.text) : null;
}

/** Words, operators, redirections and assignments of a bash text, one after the other. */
export class ShellTokens {
  protected readonly words: ShellWords;
  /** Here-documents whose text begins on the next line. */
  private pending: { delimiter: string; stripsTabs: boolean; line: number }[] = [];
  /** Line of a comment in a command that was to be continued on the next line. */
  protected cutByComment: number | null = null;

  /** @param commands reads what stands in "$( )", up to the text that closes it */
  constructor(text: string, commands: (close: string) => Sequence) {
    this.words = new ShellWords(text, commands);
  }

  protected fail = (what: string) => this.words.fail(what);

  /** Skips blanks, continued lines and a comment. */
  protected blank(): void {
    const { words } = this;
    let continued = false;
    for (;;) {
      const letter = words.text[words.at];
      if (letter === " " || letter === "\t") words.at++;
      else if (letter === "\\" && words.text[words.at + 1] === "\n") {
        words.at += 2;
        continued = true;
      } else if (letter === "#") {
        if (continued) this.cutByComment = words.line();
        const end = words.text.indexOf("\n", words.at);
        words.at = end < 0 ? words.text.length : end;
        return;
      } else return;
    }
  }

  /** The operator at this place, not consumed. */
  protected operator(): Operator | null {
    this.blank();
    const { text, at } = this.words;
    if (this.words.beginsWord()) return null;
    return operators.find((operator) => text.startsWith(operator, at)) ?? null;
  }

  protected take(operator: Operator): void {
    this.words.at += operator.length;
    if (operator === "\n") this.hereDocuments();
  }

  protected hereDocuments(): void {
    const { words } = this;
    for (const { delimiter, stripsTabs, line } of this.pending.splice(0)) {
      for (;;) {
        if (words.at >= words.text.length) throw this.fail(`the here-document of line ${line} does not end`);
        const end = words.text.indexOf("\n", words.at);
        const found = words.text.slice(words.at, end < 0 ? undefined : end);
        words.at = end < 0 ? words.text.length : end + 1;
        if ((stripsTabs ? found.replace(/^\t+/, "") : found) === delimiter) break;
      }
    }
  }

  /** The word at this place where it is plain text, not consumed. */
  protected peekWord(): string | null {
    this.blank();
    const { words } = this;
    if (!words.beginsWord()) return null;
    return /^[^\s;&|<>()$`"'\\]*(?=[\s;&|<>()]|$)/.exec(words.text.slice(words.at, words.at + 100))?.[0] ?? null;
  }

  protected isAt(end: string): boolean {
    this.blank();
    return end === ")" || end.startsWith(";") ? this.operator() === end : this.peekWord() === end;
  }

  protected expect(end: string): void {
    const isThere = end === "(" ? this.operator() === end : this.isAt(end);
    if (!isThere) throw this.fail(`"${end}" is missing`);
    this.words.at += end.length;
  }

  protected newlines(): void {
    while (this.operator() === "\n") this.take("\n");
  }

  protected redirected<T>(command: T): T {
    while (this.redirection());
    return command;
  }

  /** Consumes a redirection with its target. */
  protected redirection(): boolean {
    const operator = this.operator();
    if (operator === null || !redirections.includes(operator)) return false;
    const line = this.words.line();
    this.take(operator);
    this.blank();
    if (!this.words.beginsWord()) throw this.words.fail(`a file is missing after "${operator}"`);
    const target = this.words.word();
    if (operator === "<<" || operator === "<<-") {
      const delimiter = target.parts.map((part) => (part.kind === "text" ? part.text : target.source)).join("");
      this.pending.push({ delimiter, stripsTabs: operator === "<<-", line });
    }
    return true;
  }

  protected assignment(word: Word): Assignment | null {
    const found = assignmentName(word.parts);
    if (!found) return null;
    const { line } = word;
    const [start, name, index, plus] = found;
    const head = { name: name!, append: plus === "+", index: index ?? null, line };
    if (word.source === start && this.words.text[this.words.at] === "(") return { ...head, value: this.list() };
    const [first, ...rest] = word.parts;
    const text = (first as Extract<Part, { kind: "text" }>).text.slice(start.length);
    const parts = text === "" ? rest : [{ kind: "text" as const, text, quoted: false }, ...rest];
    return { ...head, value: { parts, line, source: word.source } };
  }

  /** "( word word )", lines and comments between them allowed */
  protected list(): Word[] {
    const all: Word[] = [];
    this.take("(");
    for (;;) {
      this.newlines();
      if (this.operator() === ")") break;
      if (this.operator() !== null || this.words.at >= this.words.text.length) throw this.fail("a list is not closed");
      all.push(this.words.word());
    }
    this.take(")");
    return all;
  }
}
