import { type Json, shown, wholeNumber } from "./json_file.ts";

/** An object in a file, and how errors name its keys. */
export interface Section {
  json: Json;
  path: string;
  file?: string;
}

export function section(json: Json, key: string): Json {
  const value = json[key];
  if (typeof value !== "object" || value === null) throw new Error(`config.json has no ${key}`);
  return value as Json;
}

export const named = ({ path, file = "config.json" }: Section, key: string): string => `${file}: ${path}${key}`;

/** @throws Error where it is no whole number from `least` (1) to `most` */
export function whole(
  from: Section,
  key: string,
  most: number,
  { least = 1, fallback }: { least?: number; fallback?: number } = {},
): number {
  return wholeNumber(from.json[key] ?? fallback, named(from, key), least, most);
}

export function wholes(
  from: Section,
  key: string,
  most: number,
  { count, fallback }: { count?: number; fallback?: number[] },
): number[] {
  const value = from.json[key] ?? fallback;
  const isFine = (one: unknown) => Number.isInteger(one) && (one as number) >= 0 && (one as number) <= most;
  const hasCount = Array.isArray(value) && (count === undefined ? value.length <= most : value.length === count);
  if (!hasCount || !value.every(isFine))
    throw new Error(
      `${named(from, key)} must be ${count ?? "a list of"} numbers, whole ones from 0 to ${most}, found ${shown(value)}`,
    );
  return value;
}

export function positive(from: Section, key: string, most: number, fallback?: number): number {
  const value = from.json[key] ?? fallback;
  if (typeof value !== "number" || !(value > 0 && value <= most))
    throw new Error(`${named(from, key)} must be a number above 0, at most ${most}, found ${shown(value)}`);
  return value;
}

export function flag(from: Section, key: string): boolean | null {
  const value = from.json[key] ?? null;
  if (value !== null && typeof value !== "boolean")
    throw new Error(`${named(from, key)} must be true or false, found ${shown(value)}`);
  return value;
}

/** Keys that change the mathematics: where one stands, it has one of these values. */
export function expectOnly(from: Section, allowed: Readonly<Record<string, readonly unknown[]>>): void {
  for (const [key, values] of Object.entries(allowed)) {
    const value = from.json[key];
    if (value !== undefined && !values.includes(value))
      throw new Error(`${named(from, key)} is ${shown(value)}, only ${shown(values[0])} is supported`);
  }
}
