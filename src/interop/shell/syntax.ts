import { calculated } from "./arithmetic.ts";
import { ShellTokens } from "./tokens.ts";
import {
  type Command,
  isAssignment,
  type Pipeline,
  type Sequence,
  type SimpleCommand,
  type Statement,
  type Word,
} from "./tree.ts";
import { arithmeticEnd } from "./words.ts";

/** Deepest nesting of commands. */
const deepest = 100;

/**
 * Parses a bash text: its commands, and the variables that each may set.
 * @throws NotUnderstood where the text is not bash, or uses more of bash than is supported here
 */
export function parseShell(text: string): Sequence {
  return new Parser(text).whole();
}

class Parser extends ShellTokens {
  private depth = 0;

  constructor(text: string) {
    super(text, (close) => {
      const body = this.sequence([close]);
      this.expect(close);
      return body;
    });
  }

  whole(): Sequence {
    const all = this.sequence([]);
    if (this.words.at < this.words.text.length)
      throw this.fail(`"${this.operator() ?? this.peekWord()}" was not expected`);
    return all;
  }

  /** Statements up to one of `ends`, which is not consumed, or to the end of the text. */
  private sequence(ends: readonly string[]): Sequence {
    const all: Sequence = [];
    for (;;) {
      this.newlines();
      if (this.words.at >= this.words.text.length) return all;
      if (ends.some((end) => this.isAt(end))) return all;
      const statement = this.statement();
      all.push(statement);
      const operator = this.operator();
      if (operator === ";" || operator === "\n") this.take(operator);
      else if (operator === "&") {
        statement.background = true;
        this.take(operator);
      } else if (this.words.at < this.words.text.length && !ends.some((end) => this.isAt(end) || end === "}"))
        throw this.fail(`"${operator ?? this.peekWord()}" was not expected`);
    }
  }

  /** As `sequence`; bash wants something in it. */
  private body(ends: readonly string[]): Sequence {
    const all = this.sequence(ends);
    if (all.length === 0) throw this.fail(`a command is missing before "${ends.join('" or "')}"`);
    return all;
  }

  private statement(): Statement {
    const line = this.words.line();
    const statement: Statement = { line, pipelines: [this.pipeline()], operators: [], background: false };
    for (;;) {
      const operator = this.operator();
      if (operator !== "&&" && operator !== "||") return statement;
      this.take(operator);
      this.newlines();
      statement.operators.push(operator);
      statement.pipelines.push(this.pipeline());
    }
  }

  private pipeline(): Pipeline {
    while (["!", "time"].includes(this.peekWord() ?? "")) {
      this.words.word();
      if (this.peekWord() === "-p") this.words.word();
    }
    const all = [this.command()];
    for (;;) {
      const operator = this.operator();
      if (operator !== "|" && operator !== "|&") return all;
      this.take(operator);
      this.newlines();
      all.push(this.command());
    }
  }

  private command(): Command {
    if (++this.depth > deepest) throw this.fail("commands stand in one another too deeply");
    try {
      return this.commandHere();
    } finally {
      this.depth--;
    }
  }

  private commandHere(): Command {
    const operator = this.operator();
    const line = this.words.line();
    const { words } = this;
    if (operator === "(") {
      const end = words.text.startsWith("((", words.at) ? arithmeticEnd(words.text, words.at + 2) : null;
      const found: Command =
        end !== null ? this.arithmetic(end) : { kind: "subshell", line, body: this.enclosed("(", ")") };
      return this.redirected(found);
    }
    switch (this.peekWord()) {
      case "{":
        return this.redirected({ kind: "group", line, body: this.enclosed("{", "}") });
      case "[[":
        return this.test();
      case "if":
        return this.redirected(this.ifCommand(line));
      case "while":
      case "until": {
        words.word();
        const condition = this.body(["do"]);
        return this.redirected(this.loop(line, "loop", { conditions: [condition] }));
      }
      case "for":
      case "select":
        return this.redirected(this.forCommand(line));
      case "case":
        return this.redirected(this.caseCommand(line));
      case "function": {
        words.word();
        this.blank();
        const name = words.word().source;
        if (this.operator() === "(") {
          this.take("(");
          this.expect(")");
        }
        this.newlines();
        return { kind: "function", line, name, body: this.command() };
      }
      case "coproc":
      case "then":
      case "do":
      case "done":
      case "fi":
      case "else":
      case "elif":
      case "esac":
      case "}":
        throw this.fail(`"${this.peekWord()}" was not expected`);
    }
    return this.simple(line);
  }

  private enclosed(open: string, close: string): Sequence {
    this.expect(open);
    const body = this.body([close]);
    this.expect(close);
    return body;
  }

  private ifCommand(line: number): Command {
    const bodies: Sequence[] = [];
    this.words.word();
    for (;;) {
      bodies.push(this.body(["then"]));
      this.expect("then");
      bodies.push(this.body(["elif", "else", "fi"]));
      if (this.isAt("elif")) {
        this.expect("elif");
        continue;
      }
      if (this.isAt("else")) {
        this.expect("else");
        bodies.push(this.body(["fi"]));
      }
      this.expect("fi");
      return { kind: "if", line, bodies, word: "an if", sets: [], words: [] };
    }
  }

  /** @param parts what stands before "do": "sets" and "words" as of the command, "conditions" that are executed too */
  private loop(
    line: number,
    word: string,
    { conditions = [], sets = [], words = [] }: { conditions?: Sequence[]; sets?: string[]; words?: Word[] },
  ): Command {
    this.expect("do");
    const body = this.body(["done"]);
    this.expect("done");
    return { kind: "loop", line, bodies: [...conditions, body], word: `a ${word}`, sets, words };
  }

  private forCommand(line: number): Command {
    const { words } = this;
    words.word();
    if (this.operator() === "(") {
      const end = arithmeticEnd(words.text, words.at + 2);
      if (end === null) throw this.fail("this for is not followed");
      const { sets } = this.arithmetic(end) as Extract<Command, { kind: "expression" }>;
      if (this.operator() === ";") this.take(";");
      this.newlines();
      return this.loop(line, "for", { sets });
    }
    const name = words.word().source;
    const list: Word[] = [];
    this.newlines();
    if (this.isAt("in")) {
      this.expect("in");
      while (this.operator() === null && words.at < words.text.length) list.push(words.word());
    }
    if (this.operator() === ";") this.take(";");
    this.newlines();
    return this.loop(line, "for", { sets: [name], words: list });
  }

  private caseCommand(line: number): Command {
    const { words } = this;
    words.word();
    this.blank();
    const subject = words.word();
    this.newlines();
    this.expect("in");
    const bodies: Sequence[] = [];
    for (;;) {
      this.newlines();
      if (this.isAt("esac")) break;
      if (this.operator() === "(") this.take("(");
      for (;;) {
        this.blank();
        if (!words.beginsWord()) throw this.fail("a pattern of this case is not followed");
        words.word();
        if (this.operator() !== "|") break;
        this.take("|");
      }
      this.expect(")");
      bodies.push(this.sequence([";;", ";&", ";;&", "esac"]));
      const operator = this.operator();
      if (operator === ";;" || operator === ";&" || operator === ";;&") this.take(operator);
    }
    this.expect("esac");
    return { kind: "case", line, bodies, word: "a case", sets: [], words: [subject] };
  }

  /** "[[ ... ]]" */
  private test(): Command {
    const line = this.words.line();
    const words: Word[] = [];
    while (this.peekWord() !== "]]") {
      if (this.words.at >= this.words.text.length) throw this.words.fail('"[[" is not closed');
      const operator = this.operator();
      if (operator === null) words.push(this.words.word());
      else this.take(operator);
    }
    this.words.word();
    const calculates = words.some(({ source }) => /^-(eq|ne|lt|le|gt|ge)$/.test(source));
    const text = calculates ? words.map(({ source }) => source).join(" ") : "";
    return this.redirected({ kind: "expression", line, words, ...calculated(text) });
  }

  /** "(( ... ))", whose end is known */
  private arithmetic(end: number): Command {
    const line = this.words.line();
    const text = this.words.text.slice(this.words.at + 2, end);
    this.words.at = end + 2;
    return { kind: "expression", line, words: [], ...calculated(text) };
  }

  private simple(line: number): Command {
    const command: SimpleCommand = { kind: "simple", line, assignments: [], words: [], cutByComment: null };
    this.cutByComment = null;
    const start = this.words.at;
    for (;;) {
      if (this.redirection()) continue;
      const operator = this.operator();
      if (operator === "(") {
        const [name, ...others] = command.words;
        if (!name || others.length > 0 || command.assignments.length > 0 || isAssignment(name))
          throw this.fail('"(" was not expected');
        this.take("(");
        this.expect(")");
        this.newlines();
        return { kind: "function", line, name: name.source, body: this.command() };
      }
      if (operator !== null || this.words.at >= this.words.text.length) break;
      const word = this.words.word();
      // A number before a redirection, or a name in braces, belongs to it.
      if (/^(\d+|\{\w+\})$/.test(word.source) && "<>".includes(this.words.text[this.words.at] ?? " ")) continue;
      const assignment = this.assignment(word);
      if (assignment && command.words.length === 0) command.assignments.push(assignment);
      else command.words.push(assignment ?? word);
    }
    command.cutByComment = this.cutByComment;
    if (command.words.length + command.assignments.length === 0 && this.words.at === start)
      throw this.fail(`"${this.operator() ?? ""}" was not expected`);
    return command;
  }
}
