import { nearest } from "../../train/config.ts";
import {
  type ChoiceField,
  isChoice,
  isNumber,
  isText,
  knownValues,
  type NumberField,
  nearestField,
  type TextField,
} from "./fields.ts";

/** One of these values; negated: none of them. */
export interface ChoiceTerm {
  field: ChoiceField;
  values: readonly string[];
  negated: boolean;
}

/** From `least` to `most`, both among them unless `open`. */
export interface RangeTerm {
  field: NumberField;
  least: number;
  most: number;
  leastOpen: boolean;
  mostOpen: boolean;
  negated: boolean;
}

/** A text that must stand somewhere, in whatever case; negated: that must not. */
export interface TextTerm {
  text: string;
  /** Null: in the question, the answers or the response. */
  within: TextField | null;
  negated: boolean;
}

/**
 * Which rollouts are wanted: all terms must hold; of choices of one field that are not negated one is enough. As text:
 * `is:wrong tool:used reward>0.5 step:10..20 -end:length "red circle"`.
 */
export interface Query {
  choices: readonly ChoiceTerm[];
  ranges: readonly RangeTerm[];
  texts: readonly TextTerm[];
}

export const everything: Query = { choices: [], ranges: [], texts: [] };

const mostCharacters = 2000;
const mostTerms = 100;

/** A term: a sign, a field with what is asked of it, a text in quotes or without. */
const term =
  /(-?)(?:([a-z]+)(:|>=|<=|>|<)(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))|"((?:[^"\\]|\\.)*)"|([^\s"]\S*))(?=\s|$)/giy;

/** Reads the text of a filter. @throws Error with one sentence */
export function parseQuery(text: string): Query {
  if (text.length > mostCharacters)
    throw new Error(
      `A filter has at most ${mostCharacters} characters, found ${text.length}; save rollouts under a tag instead`,
    );
  const choices: ChoiceTerm[] = [];
  const ranges: RangeTerm[] = [];
  const texts: TextTerm[] = [];
  term.lastIndex = 0;
  for (let count = 0; ; count++) {
    const rest = /\s*/y;
    rest.lastIndex = term.lastIndex;
    rest.exec(text);
    if (rest.lastIndex >= text.length) break;
    term.lastIndex = rest.lastIndex;
    const found = term.exec(text);
    if (!found)
      throw new Error(
        `A quotation mark is not closed at "${text.slice(rest.lastIndex, rest.lastIndex + 40)}"; put one behind it`,
      );
    if (count >= mostTerms) throw new Error(`A filter has at most ${mostTerms} terms`);
    const [, sign, name, operator, quoted, plain, phrase, word] = found;
    const negated = sign === "-";
    if (name === undefined || operator === undefined) {
      const said = phrase === undefined ? word! : unescaped(phrase);
      if (said !== "" && said !== "-") texts.push({ text: said, within: null, negated });
      continue;
    }
    const value = quoted === undefined ? plain! : unescaped(quoted);
    const field = name.toLowerCase();
    if (isText(field) && operator === ":") texts.push({ text: wanted(field, value), within: field, negated });
    else if (isChoice(field) && operator === ":")
      addChoice(choices, { field, values: [checkValue(field, wanted(field, value))], negated });
    else if (isNumber(field)) ranges.push({ field, ...readRange(field, operator, value), negated });
    else throw new Error(notField(field, operator, found[0]));
  }
  return { choices, ranges, texts };
}

/** The text that `parseQuery` reads back: choices, ranges, texts. */
export function queryText({ choices, ranges, texts }: Query): string {
  return [
    ...choices.flatMap(({ field, values, negated }) =>
      values.map((value) => `${sign(negated)}${field}:${word(value)}`),
    ),
    ...ranges.map((range) => sign(range.negated) + rangeText(range)),
    ...texts.map(({ text, within, negated }) =>
      within === null ? sign(negated) + phrase(text) : `${sign(negated)}${within}:${word(text)}`,
    ),
  ].join(" ");
}

/** The same filter with a value of a field asked for as well, or no longer. */
export function toggled(query: Query, field: ChoiceField, value: string): Query {
  const own = query.choices.find((choice) => choice.field === field && !choice.negated);
  const values = own?.values ?? [];
  const now = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
  const others = query.choices.filter((choice) => choice !== own);
  return { ...query, choices: now.length > 0 ? [...others, { field, values: now, negated: false }] : others };
}

/** The same filter with another range of a field; null: without one. */
export function ranged(query: Query, field: NumberField, range: { least: number; most: number } | null): Query {
  const others = query.ranges.filter((other) => other.field !== field || other.negated);
  if (range === null) return { ...query, ranges: others };
  return { ...query, ranges: [...others, { field, ...range, leastOpen: false, mostOpen: false, negated: false }] };
}

/** Whether a value of a field is asked for. */
export const asksFor = (query: Query, field: ChoiceField, value: string): boolean =>
  query.choices.some((choice) => choice.field === field && !choice.negated && choice.values.includes(value));

/** The range of a field that is asked for; null where none is. */
export const rangeOf = (query: Query, field: NumberField): RangeTerm | null =>
  query.ranges.find((range) => range.field === field && !range.negated) ?? null;

function addChoice(choices: ChoiceTerm[], added: ChoiceTerm): void {
  const at = choices.findIndex(({ field, negated }) => field === added.field && negated === added.negated);
  const before = choices[at];
  if (!before) choices.push(added);
  else if (!before.values.includes(added.values[0]!))
    choices[at] = { ...before, values: [...before.values, ...added.values] };
}

function wanted(field: string, value: string): string {
  if (value !== "") return value;
  throw new Error(`Behind "${field}:" a value is missing`);
}

function checkValue(field: ChoiceField, value: string): string {
  const known = knownValues[field];
  const lower = value.toLowerCase();
  if (!known) return value;
  if (known.includes(lower)) return lower;
  throw new Error(
    `"${field}:" takes ${known.join(", ")}, found "${value.slice(0, 40)}"; did you mean "${nearest(lower, known)}"?`,
  );
}

type Range = Pick<RangeTerm, "least" | "most" | "leastOpen" | "mostOpen">;

function readRange(field: NumberField, operator: string, value: string): Range {
  const all: Range = {
    least: Number.NEGATIVE_INFINITY,
    most: Number.POSITIVE_INFINITY,
    leastOpen: false,
    mostOpen: false,
  };
  const number = (text: string): number => {
    // A page writes a minus as a minus sign.
    const read = Number(text.replace("−", "-"));
    if (text.trim() !== "" && Number.isFinite(read)) return read;
    throw new Error(
      `"${field}" takes a number or a range, such as ${field}>0.5, ${field}:1 or ${field}:0..1; found "${value.slice(0, 40)}"`,
    );
  };
  if (operator === ">" || operator === ">=") return { ...all, least: number(value), leastOpen: operator === ">" };
  if (operator === "<" || operator === "<=") return { ...all, most: number(value), mostOpen: operator === "<" };
  const [from, to, ...more] = value.split("..");
  if (to === undefined || more.length > 0) return { ...all, least: number(value), most: number(value) };
  const least = from === "" && to !== "" ? all.least : number(from!);
  const most = to === "" && from !== "" ? all.most : number(to);
  if (least > most)
    throw new Error(`The range ${field}:${value.slice(0, 40)} ends before it begins; write ${field}:${most}..${least}`);
  return { ...all, least, most };
}

function rangeText({ field, least, most, leastOpen, mostOpen }: RangeTerm): string {
  if (least === most) return `${field}:${least}`;
  if (most === Number.POSITIVE_INFINITY) return `${field}${leastOpen ? ">" : ">="}${least}`;
  if (least === Number.NEGATIVE_INFINITY) return `${field}${mostOpen ? "<" : "<="}${most}`;
  return `${field}:${least}..${most}`;
}

const notField = (field: string, operator: string, term: string): string =>
  isChoice(field) || isText(field)
    ? `"${field}" is no number: write ${field}:VALUE, not ${field}${operator}`
    : `There is no field "${field}"; did you mean "${nearestField(field)}"? To look for the text, put "${term.slice(0, 40)}" in quotation marks`;

const sign = (negated: boolean): string => (negated ? "-" : "");
const quoted = (text: string): string => `"${text.replace(/["\\]/g, (mark) => `\\${mark}`)}"`;
const unescaped = (text: string): string => text.replace(/\\(.)/gs, "$1");
/** A value behind a colon. */
const word = (text: string): string => (/^[^\s"\\]+$/.test(text) ? text : quoted(text));
/** A text by itself, which must not be taken for a term. */
const phrase = (text: string): string => (/^[^\s"\\:<>-][^\s"\\:<>]*$/.test(text) ? text : quoted(text));
