import { arithmetic, calculated } from "./arithmetic.ts";
import { setByExpansion } from "./effects.ts";
import { type Part, shortened, type Word } from "./tree.ts";
import type { Field, Value, Variables } from "./variables.ts";

/** A word as one text, as after "NAME=": not split, no patterns. */
export function textOf({ parts }: Pick<Word, "parts">, variables: Variables): Value {
  const first = parts[0];
  if (first?.kind === "text" && !first.quoted && /^~|:~/.test(first.text))
    return { kind: "unknown", why: "~ is a folder of this machine", mayHoldSpaces: false };
  const field = joined(parts, variables);
  if (field.unknown !== null) return { kind: "unknown", why: field.unknown, mayHoldSpaces: field.mayHoldSpaces };
  return { kind: "text", text: field.text, notes: field.notes };
}

function joined(parts: readonly Part[], variables: Variables): Omit<Field, "isOpen"> & { mayHoldSpaces: boolean } {
  let [text, mayHoldSpaces] = ["", false];
  let unknown: string | null = null;
  const notes: string[] = [];
  for (const part of parts) {
    const value = foundIn(part, variables);
    if (value.kind === "text") {
      if (unknown === null) text += value.text;
      mayHoldSpaces ||= /\s/.test(value.text);
      notes.push(...value.notes);
    } else if (value.kind === "unset" || value.kind === "absent") {
      if (value.kind === "absent") unknown ??= value.why;
    } else {
      unknown ??= value.kind === "unknown" ? value.why : "a list stands where one word is expected";
      mayHoldSpaces ||= value.kind === "list" || value.mayHoldSpaces;
    }
  }
  return { text, unknown, mayHoldSpaces, notes };
}

/** `absent`: the environment may hold it, an ordinary one does not. */
type Found = Value | { kind: "absent"; why: string };

function foundIn(part: Part, variables: Variables): Found {
  switch (part.kind) {
    case "text":
      return { kind: "text", text: part.text, notes: [] };
    case "dynamic":
      doubtSet([part], variables);
      if (namesElement(part.source, variables)) variables.forgetAll(`${part.source} may set it`);
      return { kind: "unknown", why: `${shortened(part.source)}: ${part.why}`, mayHoldSpaces: false };
    case "arithmetic": {
      doubtSet([part], variables);
      if (calculatesText(calculated(part.text).reads, variables)) variables.forgetAll("a calculation may set it");
      const text = arithmetic(part.text, (name) => {
        const value = variables.get(name);
        return value?.kind === "text" ? value.text : null;
      });
      if (text !== null) return { kind: "text", text, notes: [] };
      return {
        kind: "unknown",
        why: `${shortened(`$((${part.text}))`)}: this calculation is not followed`,
        mayHoldSpaces: false,
      };
    }
    case "array":
      return listOf(part.name, variables);
    case "variable":
      return variableOf(part, variables);
  }
}

/** Expansions that are not supported may set the variables named in them. */
function doubtSet(parts: readonly Part[], variables: Variables): void {
  const { names, anything } = setByExpansion(parts);
  if (anything) variables.forgetAll("a calculation may set it");
  for (const name of names.keys()) variables.forget(name, `an expansion may set ${name}`, true);
}

/** Whether "${!NAME}" stands for an element of a list, whose index is calculated. */
function namesElement(source: string, variables: Variables): boolean {
  const value = variables.get(/^\$\{!(\w+)\}$/.exec(source)?.[1] ?? "");
  return value?.kind === "text" && value.text.includes("[");
}

/** Whether one of these variables may hold an expression, which sets others when it is evaluated. */
export const calculatesText = (names: readonly string[], variables: Variables): boolean =>
  names.some((name) => {
    const value = variables.get(name);
    return value?.kind === "text" && !/^\s*[-+]?\w*\s*$/.test(value.text);
  });

function listOf(name: string, variables: Variables): Found {
  if (name === "@" || name === "*") {
    if (variables.positional !== null) return { kind: "unknown", why: variables.positional, mayHoldSpaces: true };
    return { kind: "absent", why: `$${name} is what the script is called with` };
  }
  const value = variables.get(name);
  if (value === null) return { kind: "absent", why: `${name} is not set in this text` };
  if (value.kind === "text") return { kind: "list", fields: [known(value.text, value.notes)] };
  if (value.kind === "unset") return { kind: "list", fields: [] };
  return value;
}

function variableOf(part: Extract<Part, { kind: "variable" }>, variables: Variables): Found {
  const { name, operator, word } = part;
  const value = variables.get(name);
  if (value?.kind === "unknown" || value?.kind === "list") doubtSet(operator === "" ? [] : [part], variables);
  if (value?.kind === "unknown")
    return { ...value, mayHoldSpaces: value.mayHoldSpaces || joined(word, variables).mayHoldSpaces };
  if (value?.kind === "list")
    return { kind: "unknown", why: `$${name} of a list is not followed`, mayHoldSpaces: true };
  const isNumber = /^\d/.test(name);
  const absent = isNumber ? `$${name} is what the script is called with` : `${name} is not set in this text`;
  const isSet = value?.kind === "text" && (value.text !== "" || !operator.startsWith(":"));
  const operand = () => joined(word, variables);
  switch (operator) {
    case "":
      return value ?? { kind: "absent", why: absent };
    case ":?":
    case "?":
      return isSet ? value : { kind: "unknown", why: absent, mayHoldSpaces: true };
    case ":+":
    case "+":
      // The other way round where the environment sets it.
      if (value === null) return { kind: "text", text: "", notes: [`${absent}: taken for not set`] };
      return isSet ? fromOperand(operand(), []) : { kind: "text", text: "", notes: [] };
    default: {
      if (isSet) return value;
      const found = operand();
      const note = isNumber ? `${absent}: ${found.text} is taken` : `${absent}: its default ${found.text} is taken`;
      const result = fromOperand(found, value === null ? [note] : []);
      if (operator.endsWith("=") && !isNumber) variables.set(name, result);
      return result;
    }
  }
}

/** The text after an operator where the expansion gives that; null where it gives the value of the variable. */
function operandInUse(part: Extract<Part, { kind: "variable" }>, variables: Variables): Part[] | null {
  const { name, operator, word } = part;
  if (operator === "" || operator.endsWith("?") || operator.endsWith("=")) return null;
  const value = variables.get(name);
  if (value !== null && value.kind !== "text" && value.kind !== "unset") return null;
  const isSet = value?.kind === "text" && (value.text !== "" || !operator.startsWith(":"));
  return isSet === operator.endsWith("+") ? word : null;
}

function fromOperand(found: ReturnType<typeof joined>, notes: readonly string[]): Value {
  const { text, unknown, mayHoldSpaces } = found;
  if (unknown !== null) return { kind: "unknown", why: unknown, mayHoldSpaces };
  return { kind: "text", text, notes: [...found.notes, ...notes] };
}

const known = (text: string, notes: readonly string[]): Field => ({ text, unknown: null, isOpen: false, notes });

/** Collects the words that a word expands to. */
class Fields {
  readonly done: Field[] = [];
  private current: Field | null = null;

  put(text: string): void {
    const current = this.current ?? known("", []);
    this.current = current.unknown === null ? { ...current, text: current.text + text } : current;
  }

  /** Adds a note to the word that was begun last, if there is one. */
  note(notes: readonly string[]): void {
    if (this.current) this.current = { ...this.current, notes: [...this.current.notes, ...notes] };
    else if (this.done.length > 0)
      this.done.push({ ...this.done.pop()!, notes: [...(this.done.at(-1)?.notes ?? []), ...notes] });
  }

  doubt(why: string, isOpen: boolean): void {
    const { text, unknown, isOpen: wasOpen, notes } = this.current ?? known("", []);
    this.current = { text, unknown: unknown ?? why, isOpen: wasOpen || isOpen, notes };
  }

  /** Begins the next word. */
  end(): void {
    if (this.current) this.done.push(this.current);
    this.current = null;
  }

  /** Whether the current word already has its name: whatever follows is part of its value. */
  get isNamed(): boolean {
    return this.current?.text.includes("=") ?? false;
  }
}

/** The words that a program gets for one word of the script. */
export function fieldsOf(word: Word, variables: Variables): Field[] {
  const whole = wholeExpansion(word, variables);
  if (whole) return whole;
  const fields = new Fields();
  const { parts } = word;
  // Quoted and expanded parts stand as one letter.
  const bare = parts.map((part) => (part.kind === "text" && !part.quoted ? part.text : "x")).join("");
  if (/^~(\/|$|[+-]|[\w-]+(\/|$))/.test(bare)) fields.doubt("~ is a folder of this machine", false);
  const hasBraces = /\{.*(,|\.\.).*\}/s.test(bare);
  for (const part of parts) addPart(fields, part, variables, { hasBraces, isOperand: false });
  fields.end();
  return fields.done;
}

interface PartPlace {
  /** Whether braces in the word may expand to several words. */
  hasBraces: boolean;
  /** Whether a text follows an operator ("${A:-text}"), and is split like a value. */
  isOperand: boolean;
}

function addPart(fields: Fields, part: Part, variables: Variables, { hasBraces, isOperand }: PartPlace): void {
  const value = foundIn(part, variables);
  const operand = part.kind === "variable" && !part.quoted ? operandInUse(part, variables) : null;
  if (value.kind === "text") {
    if (operand) for (const inner of operand) addPart(fields, inner, variables, { hasBraces: false, isOperand: true });
    else if (part.quoted) fields.put(value.text);
    else if (part.kind === "text" && !isOperand) addLiteral(fields, part.text, variables, hasBraces);
    else {
      if (variables.splitting !== null) fields.doubt(variables.splitting, true);
      if (/[*?]/.test(value.text)) fields.doubt("* and ? may stand for files", true);
      // An empty value is no word of its own.
      for (const [i, piece] of value.text.split(/[ \t\n]+/).entries()) {
        if (i > 0) fields.end();
        if (piece !== "") fields.put(piece);
      }
    }
    if (value.notes.length > 0 && value.text !== "") fields.note(value.notes);
  } else if (value.kind === "unset") {
    if (part.quoted) fields.put("");
  } else if (value.kind === "absent") fields.doubt(value.why, part.kind === "array");
  else if (value.kind === "unknown") fields.doubt(value.why, value.mayHoldSpaces && !part.quoted);
  else fields.doubt("a list within a word is not followed", true);
}

function addLiteral(fields: Fields, text: string, variables: Variables, hasBraces: boolean): void {
  const at = text.search(hasBraces ? /[{*?]/ : /[*?]/);
  fields.put(at < 0 ? text : text.slice(0, at));
  if (at >= 0)
    fields.doubt(text[at] === "{" ? "braces come to several words" : "* and ? may stand for files", !fields.isNamed);
  if (/\[/.test(text) && variables.splitting !== null) fields.doubt(variables.splitting, true);
}

/** A word that is one expansion alone and may be no word, or several; null for others. */
function wholeExpansion({ parts, source }: Word, variables: Variables): Field[] | null {
  const real = parts.filter((part) => part.kind !== "text" || part.text !== "");
  const [part] = real;
  if (real.length !== 1 || !part || (part.kind !== "array" && part.kind !== "variable")) return null;
  if (part.kind === "variable" && part.quoted) return null;
  const value = foundIn(part, variables);
  if (value.kind === "absent")
    return [{ text: "", unknown: null, isOpen: true, notes: [`${source} is left out: ${value.why}`] }];
  if (value.kind !== "list") return null;
  const isPlain = value.fields.every(({ text, unknown }) => unknown === null && text !== "" && !/[\s*?]/.test(text));
  if (part.name === "*" || (!part.quoted && (!isPlain || variables.splitting !== null))) return null;
  return [...value.fields];
}
