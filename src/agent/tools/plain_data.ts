/** Deeper than any record or schema; what holds itself has no end. */
const deepest = 100;

/** Whether JSON gives a value back as it is; a field that is undefined counts as absent. */
export function isPlain(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > deepest) return false;
  if (Array.isArray(value)) return Array.from(value).every((item) => isPlain(item, depth + 1));
  return isObject(value) && Object.values(value).every((item) => item === undefined || isPlain(item, depth + 1));
}

/** Whether it is an object of named fields: no list, and no instance of a class. */
export function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What was found where something else was expected, for a sentence. */
export function foundText(value: unknown): string {
  if (typeof value === "object" && value) return value.constructor?.name ?? "an object";
  return typeof value === "function" ? "a function" : String(value);
}
