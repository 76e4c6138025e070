import type { ToolSchema } from "../../policy/offered_tool.ts";
import { foundText, isObject, isPlain } from "./plain_data.ts";

const types = ["string", "number", "integer", "boolean", "array", "object"];
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isChoice = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);

/** What a keyword that is checked in calls must be. */
const keywords: Record<string, [fits: (value: unknown) => boolean, expected: string]> = {
  type: [(value) => types.includes(value as string), `one of ${types.join(", ")}`],
  enum: [(value) => Array.isArray(value) && value.length > 0 && value.every(isChoice), "a list of texts or numbers"],
  minimum: [Number.isFinite, "a number"],
  maximum: [Number.isFinite, "a number"],
  minItems: [isCount, "a whole number"],
  maxItems: [isCount, "a whole number"],
};

/** What is wrong with a tool's schema, by the path of the first thing that is; null where nothing is. */
export function schemaProblem(schema: ToolSchema): string | null {
  const { description, parameters } = schema ?? {};
  if (typeof description !== "string") return "schema.description must be a text for the model";
  if (!isObject(parameters) || parameters.type !== "object" || !isObject(parameters.properties))
    return 'schema.parameters must be { type: "object", properties: { ... } }';
  const { properties, required = [] } = parameters;
  for (const [name, argument] of Object.entries(properties)) {
    const problem = argumentProblem(argument, `schema.parameters.properties.${name}`);
    if (problem !== null) return problem;
  }
  if (!Array.isArray(required))
    return `schema.parameters.required must be a list of names, found ${foundText(required)}`;
  const missing = required.find((key) => !Object.hasOwn(properties, key));
  if (missing !== undefined) return `schema.parameters.required names ${missing}, which is not among the properties`;
  return isPlain(schema) ? null : "schema must be plain data, as JSON has it";
}

function argumentProblem(argument: unknown, path: string): string | null {
  if (!isObject(argument)) return `${path} must be an object such as { type: "number" }, found ${foundText(argument)}`;
  for (const [keyword, [fits, expected]] of Object.entries(keywords)) {
    const value = argument[keyword];
    if (value !== undefined && !fits(value)) return `${path}.${keyword} must be ${expected}, found ${foundText(value)}`;
  }
  return argument.items === undefined ? null : argumentProblem(argument.items, `${path}.items`);
}
