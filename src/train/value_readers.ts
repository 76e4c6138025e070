/** Why a part of an untrusted value is not what was expected. */
export class Misfit extends Error {
  /** Where it stands, such as "rollouts[3].answer"; "" for the whole. */
  readonly path: string;

  constructor(path: string, expected: string, found: unknown) {
    super(`${path === "" ? "" : `${path}: `}expected ${expected}, found ${described(found)}`);
    this.path = path;
  }
}

/** What a reader may leave out. @throws the error where it is another, such as what `leaveOut` refused further within */
export function misfit(error: unknown): Misfit {
  if (error instanceof Misfit) return error;
  throw error;
}

/** Called with every part that a reader leaves out; may throw it, where nothing is to be left out. */
export type LeaveOut = (misfit: Misfit) => void;

/**
 * Takes a value of unknown type as a T. Objects are built anew from the fields that T has, so that an untrusted one adds
 * nothing; lists are checked in place.
 * @param path where the value stands, for people, such as "rollouts[3].answer"
 * @throws Misfit
 */
export type Reader<T> = (value: unknown, path: string, leaveOut: LeaveOut) => T;

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
/** A reader for each field: a type that gains one does not compile until its reader does. */
type RequiredReaders<T> = { [K in Exclude<keyof T, OptionalKeys<T>>]: Reader<T[K]> };
type OptionalReaders<T> = { [K in OptionalKeys<T>]-?: Reader<Exclude<T[K], undefined>> };

/** For people: what stands there, cut to a line. */
export function described(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (typeof value === "string") return `text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "an object" : `${value}`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text: Reader<string> = (value, path) => {
  if (typeof value !== "string") throw new Misfit(path, "text", value);
  return value;
};

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new Misfit(path, "true or false", value);
  return value;
};

/** JSON writes NaN and infinities as null; a number too large for its type reads as infinite. */
export const measured: Reader<number> = (value, path) => {
  if (value === null) return Number.NaN;
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Misfit(path, "a number", value);
  return value;
};

export const finite: Reader<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Misfit(path, "a number", value);
  return value;
};

export const whole =
  (least: number, most: number): Reader<number> =>
  (value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
      throw new Misfit(path, `a whole number from ${least} to ${most}`, value);
    return value;
  };

export const choice =
  <const T extends string | number | boolean>(...choices: readonly T[]): Reader<T> =>
  (value, path) => {
    const found = choices.find((candidate) => candidate === value);
    if (found === undefined) throw new Misfit(path, `one of ${choices.join(", ")}`, value);
    return found;
  };

export const nullable =
  <T>(read: Reader<T>): Reader<T | null> =>
  (value, path, leaveOut) =>
    value === null ? null : read(value, path, leaveOut);

/** In the place of what a person would only read. */
export const leftOutText = "(left out)";

/** What a person only reads: a stand-in takes the place of what is not a text, and says so. */
export const readable =
  <T>(read: Reader<T>): Reader<T | string> =>
  (value, path, leaveOut) => {
    try {
      return read(value, path, leaveOut);
    } catch (error) {
      leaveOut(misfit(error));
      return leftOutText;
    }
  };

/** Lists and objects of so many places remember the paths of their parts: a log has the same ones line after line. */
const mostPaths = 1024;
/** Items of a list whose paths are remembered. */
const mostItems = 256;

/** The paths of the parts of what stands at a path, made once for each path. */
function remembered(make: (path: string) => string[]): (path: string) => string[] {
  const known = new Map<string, string[]>();
  return (path) => {
    let found = known.get(path);
    if (found === undefined) {
      found = make(path);
      if (known.size < mostPaths) known.set(path, found);
    }
    return found;
  };
}

/** Names the items of a list. */
function itemPaths(): (path: string, i: number) => string {
  const pathsOf = remembered(() => []);
  return (path, i) => {
    if (i >= mostItems) return `${path}[${i}]`;
    const paths = pathsOf(path);
    paths[i] ??= `${path}[${i}]`;
    return paths[i];
  };
}

function listOf(value: unknown, path: string, most: number): unknown[] {
  if (!Array.isArray(value)) throw new Misfit(path, "a list", value);
  if (value.length > most) throw new Misfit(path, `a list of at most ${most}`, value);
  return value;
}

/** A list of which every item must fit. */
export const list = <T>(read: Reader<T>, most: number): Reader<T[]> => {
  const pathOf = itemPaths();
  return (value, path, leaveOut) => listOf(value, path, most).map((item, i) => read(item, pathOf(path, i), leaveOut));
};

/** A list without the items that do not fit; one of which no item fits does not fit either. */
export const listOfFitting = <T>(read: Reader<T>, most: number): Reader<T[]> => {
  const pathOf = itemPaths();
  return (value, path, leaveOut) => {
    let first: Misfit | null = null;
    const fitting: T[] = [];
    for (const [i, item] of listOf(value, path, most).entries()) {
      try {
        fitting.push(read(item, pathOf(path, i), leaveOut));
      } catch (error) {
        const found = misfit(error);
        first ??= found;
        leaveOut(found);
      }
    }
    if (fitting.length === 0 && first !== null) throw first;
    return fitting;
  };
};

/**
 * Numbers by the million: checked where they stand, by a test that is quick, and read only where that fails.
 * @param fits whether `read` would take a number as it is
 */
export const numbers =
  (read: Reader<number>, fits: (value: number) => boolean, most: number): Reader<number[]> =>
  (value, path, leaveOut) => {
    const items = listOf(value, path, most);
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (typeof item !== "number" || !fits(item)) items[i] = read(item, `${path}[${i}]`, leaveOut);
    }
    return items as number[];
  };

/** Values under arbitrary names, without those that do not fit. */
export const record =
  <T>(read: Reader<T>, most: number): Reader<Record<string, T>> =>
  (value, path, leaveOut) => {
    if (!isObject(value)) throw new Misfit(path, "an object", value);
    const names = Object.keys(value);
    if (names.length > most) throw new Misfit(path, `at most ${most} entries`, `${names.length}`);
    const entries: [string, T][] = [];
    for (const name of names) {
      try {
        entries.push([name, read(value[name], `${path}.${name.length > 60 ? name.slice(0, 60) : name}`, leaveOut)]);
      } catch (error) {
        leaveOut(misfit(error));
      }
    }
    // fromEntries makes a field of every name, "__proto__" too.
    return Object.fromEntries(entries);
  };

/** An object of known fields; a field that it may lack is left out by itself where it does not fit. */
export const object = <T extends object>(required: RequiredReaders<T>, optional: OptionalReaders<T>): Reader<T> => {
  const needed = Object.entries<Reader<unknown>>(required);
  const others = Object.entries<Reader<unknown>>(optional);
  const keys = [...needed, ...others].map(([key]) => key);
  // Fields are read without asking whether they are an object's own.
  const inherited = keys.find((key) => key in {});
  if (inherited !== undefined) throw new TypeError(`Every object has a field "${inherited}"; choose another name`);
  const pathsOf = remembered((path) => keys.map((key) => (path === "" ? key : `${path}.${key}`)));
  return (value, path, leaveOut) => {
    if (!isObject(value)) throw new Misfit(path, "an object", value);
    const paths = pathsOf(path);
    const found: Record<string, unknown> = {};
    let at = 0;
    for (const [key, read] of needed) found[key] = read(value[key], paths[at++]!, leaveOut);
    for (const [key, read] of others) {
      const item = value[key];
      const ofItem = paths[at++]!;
      if (item === undefined) continue;
      try {
        found[key] = read(item, ofItem, leaveOut);
      } catch (error) {
        leaveOut(misfit(error));
      }
    }
    return found as T;
  };
};
