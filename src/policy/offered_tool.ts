import { dumpJson, pythonValue } from "./python_json.ts";

/** How a prompt describes a tool: a function in the form of OpenAI's, which the Qwen models were trained on. */
export interface ToolSchema {
  description: string;
  /** JSON Schema of the arguments. */
  parameters: {
    type: "object";
    properties: Readonly<Record<string, ArgumentSchema>>;
    required?: readonly string[];
  };
}

/** JSON Schema of one argument: the part that is checked (agent/tools/arguments.ts); other keys are only read by the model. */
export interface ArgumentSchema {
  type?: "string" | "number" | "integer" | "boolean" | "array" | "object";
  description?: string;
  enum?: readonly (string | number | boolean)[];
  minimum?: number;
  maximum?: number;
  items?: ArgumentSchema;
  minItems?: number;
  maxItems?: number;
  [more: string]: unknown;
}

/** The format of a conversation: the shipped variants' short form, verl's or DeepEyes'. */
export type PromptName = "compact" | "verl" | "deepeyes";

/** A tool as a prompt describes it. */
export interface OfferedTool {
  /** What the model writes as the call's name. */
  readonly name: string;
  readonly schema: ToolSchema;
  /**
   * The line of a prompt that describes the tool, where it is not the schema as JSON: a literal of an original, or "" where
   * the model knows the tool from its training, or from the rest of the prompt.
   */
  readonly promptLines?: Readonly<Partial<Record<PromptName, string>>>;
}

/** The lines of a prompt that describe tools. */
export function promptLines(tools: readonly OfferedTool[], prompt: PromptName): string[] {
  return tools.map((tool) => tool.promptLines?.[prompt] ?? functionLine(tool)).filter((line) => line !== "");
}

const functionLine = (tool: OfferedTool): string => dumpJson(pythonValue(functionOf(tool)));

/** A tool as a function of OpenAI's form, keys in the order in which verl writes them. */
export const functionOf = ({ name, schema: { description, parameters } }: OfferedTool) => ({
  type: "function",
  function: { name, description, parameters },
});
