import { excerpt, type Json, numberWithin, wholeNumber } from "./json_file.ts";

/** An object in a file. */
export interface Section {
  json: Json;
  /** How errors name its keys, up to the key: "config.json: text_config." */
  where: string;
}

/** The object under a key. @throws Error where there is none */
export function section({ json, where }: Section, key: string): Section {
  const value = json[key];
  if (value === undefined || value === null) throw new Error(`${where}has no ${key}`);
  if (typeof value !== "object" || Array.isArray(value))
    throw new Error(`${where}${key} must be an object, found ${excerpt(value)}`);
  return { json: value as Json, where: `${where}${key}.` };
}

/** @throws Error where it is not a whole number from `least` (1) to `most` */
export function whole(
  { json, where }: Section,
  key: string,
  most: number,
  { least = 1, fallback }: { least?: number; fallback?: number } = {},
): number {
  return wholeNumber(json[key] ?? fallback, where + key, least, most);
}

export function wholes(
  { json, where }: Section,
  key: string,
  most: number,
  { count, fallback }: { count?: number; fallback?: number[] },
): number[] {
  const value = json[key] ?? fallback;
  const isFine = (one: unknown) => Number.isInteger(one) && (one as number) >= 0 && (one as number) <= most;
  const hasCount = Array.isArray(value) && (count === undefined ? value.length <= most : value.length === count);
  if (!hasCount || !value.every(isFine))
    throw new Error(
      `${where}${key} must be ${count ?? "a list of"} whole numbers from 0 to ${most}, found ${excerpt(value)}`,
    );
  return value;
}

export function positive({ json, where }: Section, key: string, most: number, fallback?: number): number {
  const value = json[key] ?? fallback;
  if (typeof value !== "number" || !(value > 0 && value <= most))
    throw new Error(`${where}${key} must be a number above 0, at most ${most}, found ${excerpt(value)}`);
  return value;
}

/** @throws Error where it is not a number from `least` to `most` */
export const within = (
  { json, where }: Section,
  key: string,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): number => numberWithin(json[key] ?? fallback, where + key, least, most);

/** Null where the key is absent or null. */
export function flag({ json, where }: Section, key: string): boolean | null {
  const value = json[key] ?? null;
  if (value !== null && typeof value !== "boolean")
    throw new Error(`${where}${key} must be true or false, found ${excerpt(value)}`);
  return value;
}

/**
 * Keys that change the mathematics: where one is present, it has one of these values.
 * @param isAbsent which values count as an absent key
 */
export function expectOnly(
  { json, where }: Section,
  allowed: Readonly<Record<string, readonly unknown[]>>,
  isAbsent: (value: unknown, values: readonly unknown[]) => boolean = (value) => value === undefined,
): void {
  for (const [key, values] of Object.entries(allowed)) {
    const value = json[key];
    if (!isAbsent(value, values) && !values.includes(value))
      throw new Error(`${where}${key} is ${excerpt(value)}, only ${excerpt(values[0])} is supported`);
  }
}

/** For files in which null counts as an absent key. */
export const isNull = (value: unknown): boolean => value === undefined || value === null;
