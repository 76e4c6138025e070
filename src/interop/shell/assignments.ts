import { calculated } from "./arithmetic.ts";
import { type Assignment, isAssignment, NotUnderstood, type Word } from "./tree.ts";
import { fieldsOf, textOf } from "./values.ts";
import { type Field, isSpecial, type Value, type Variables } from "./variables.ts";

/** One word of a command as a program gets it. */
export interface ShellWord extends Field {
  line: number;
  /** As it was written. */
  source: string;
}

/** Assignments and declarations, and the words of commands. */
export class Assignments {
  private readonly attributed: ReadonlySet<string>;
  private readonly readonlyNames = new Set<string>();

  /** @param attributed variables that an assignment does not simply set */
  constructor(attributed: ReadonlySet<string>) {
    this.attributed = attributed;
  }

  /** Words as a program gets them. */
  fields(words: readonly (Word | Assignment)[], variables: Variables): ShellWord[] {
    return words.flatMap((word) => {
      if (!isAssignment(word))
        return fieldsOf(word, variables).map((field) => ({ ...field, line: word.line, source: word.source }));
      const { name, append, value, line } = word;
      const head = `${name}${append ? "+" : ""}=`;
      if (Array.isArray(value)) throw new NotUnderstood(line, `${head}( is not expected here`);
      // As an argument it is a word like others.
      const whole = { ...value, parts: [{ kind: "text" as const, text: head, quoted: false }, ...value.parts] };
      return fieldsOf(whole, variables).map((field) => ({ ...field, line, source: value.source }));
    });
  }

  declare(first: string, words: readonly (Word | Assignment)[], variables: Variables): void {
    if (first === "local" && !variables.isInFunction) {
      for (const word of words)
        if (isAssignment(word)) variables.forget(word.name, "local stands outside of a function", true);
      return;
    }
    // All words are expanded before the first of them is set.
    const before = variables.copy();
    for (const word of words.slice(1)) {
      if (isAssignment(word)) this.assign(word, variables, before);
      else if (/^\w+$/.test(word.source) && first === "readonly") this.readonlyNames.add(word.source);
      else if (/^[A-Za-z_]\w*$/.test(word.source) && first === "local") variables.set(word.source, { kind: "unset" });
      if (first === "readonly" && isAssignment(word)) this.readonlyNames.add(word.name);
      if (isAssignment(word) && words.some((other) => !isAssignment(other) && /^-\w*r/.test(other.source)))
        this.readonlyNames.add(word.name);
    }
  }

  assign(assignment: Assignment, variables: Variables, before = variables): void {
    const { name, line } = assignment;
    if (name === "IFS") variables.splitting = `IFS is changed in line ${line}`;
    if (isSpecial(name)) return;
    const value = this.assigned(assignment, before);
    if (value.kind === "unknown") variables.forget(name, value.why, value.mayHoldSpaces);
    else variables.set(name, value);
  }

  /** The value of a variable after an assignment. */
  private assigned({ name, append, index, value, line }: Assignment, variables: Variables): Value {
    const unknown = (why: string): Value => ({ kind: "unknown", why, mayHoldSpaces: true });
    if (this.readonlyNames.has(name)) return unknown(`it is readonly before line ${line}`);
    if (this.attributed.has(name)) return unknown("it was declared with an option");
    if (index !== null) {
      for (const set of calculated(index).sets) variables.forget(set, `it is calculated in line ${line}`, false);
      return unknown(`one element of it is set in line ${line}`);
    }
    const before = variables.get(name);
    const notKnown = `what line ${line} is added to is not known`;
    if (Array.isArray(value)) {
      if (value.some(({ source }) => source.startsWith("["))) return unknown(`its elements have names (line ${line})`);
      const fields = this.fields(value, variables);
      if (!append) return { kind: "list", fields };
      return before?.kind === "list" ? { kind: "list", fields: [...before.fields, ...fields] } : unknown(notKnown);
    }
    const added = textOf(value, variables);
    // A calculation that fails leaves what was there.
    if (added.kind === "unknown" && value.parts.some(({ kind }) => kind === "arithmetic")) return unknown(added.why);
    if (!append || added.kind !== "text") return added;
    if (before?.kind === "unset") return added;
    if (before?.kind === "text")
      return { kind: "text", text: before.text + added.text, notes: [...before.notes, ...added.notes] };
    const why = before?.kind === "unknown" ? before.why : notKnown;
    return { kind: "unknown", why, mayHoldSpaces: /\s/.test(added.text) };
  }
}
