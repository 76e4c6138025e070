import type { ArgumentSchema, ToolSchema } from "../../policy/offered_tool.ts";

/** What is wrong with a call's arguments by the tool's schema, for the model to read; null where they fit. */
export function argumentsFault(given: unknown, { parameters }: ToolSchema): string | null {
  const names = Object.keys(parameters.properties);
  if (!isObject(given)) return `arguments must be an object${names.length > 0 ? ` with ${names.join(", ")}` : ""}`;
  for (const [name, schema] of Object.entries(parameters.properties)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || (value === null && !parameters.required?.includes(name))) {
      if (parameters.required?.includes(name)) return `${name} is missing`;
      continue;
    }
    if (!fits(value, schema)) return `${name} must be ${expected(schema)}`;
  }
  return null;
}

function fits(
  value: unknown,
  { type, enum: choices, minimum, maximum, items, minItems, maxItems }: ArgumentSchema,
): boolean {
  if (choices && !choices.some((choice) => choice === value)) return false;
  switch (type) {
    case "number":
    case "integer":
      if (typeof value !== "number" || !Number.isFinite(value)) return false;
      if (type === "integer" && !Number.isInteger(value)) return false;
      return value >= (minimum ?? value) && value <= (maximum ?? value);
    case "array":
      if (!Array.isArray(value)) return false;
      if (value.length < (minItems ?? 0) || value.length > (maxItems ?? value.length)) return false;
      return !items || value.every((one) => fits(one, items));
    case "object":
      return isObject(value);
    case undefined:
      return true;
    default:
      return typeof value === type;
  }
}

/** "a list of 2 numbers from 0 to 1000", for the sentence above. */
function expected({ type, enum: choices, minimum, maximum, items, minItems, maxItems }: ArgumentSchema): string {
  if (choices) return `one of ${choices.join(", ")}`;
  const range = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`]),
  ];
  switch (type) {
    case "number":
    case "integer":
      return [type === "integer" ? "a whole number" : "a number", ...range].join(" ");
    case "array": {
      const count = minItems === maxItems ? minItems : undefined;
      const of = items?.type ? `${items.type}s` : "items";
      const each = items?.minimum === undefined && items?.maximum === undefined ? "" : `, each ${expected(items)}`;
      return count === undefined ? `a list of ${of}${each}` : `a list of ${count} ${of}${each}`;
    }
    case "object":
      return "an object";
    case "boolean":
      return "true or false";
    default:
      return "text";
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
