import { type ParsedTurn, parseTurn, readTurn } from "../parse.ts";
import type { Tool } from "../tools/tool.ts";
import { carryOut, notCarriedOut } from "./carry_out.ts";
import type { AnsweredCall, Environment, EnvironmentSettings, ModelTurn } from "./environment.ts";

/** Our own rules: a bad call is answered with a sentence that can be acted on, or ends the rollout. */
export function saccadeEnvironment(settings: EnvironmentSettings): Environment {
  const read: (text: string) => ParsedTurn = settings.prompt === "compact" ? parseTurn : readTurn;
  return {
    async step(turn) {
      const parsed = read(turn.text);
      if (parsed.kind === "answer") return { end: "answer", answer: parsed.answer, calls: [] };
      if (parsed.kind === "malformed") return { end: "malformed", answer: parsed.answer, calls: [] };
      if (!turn.offersTools) return { end: "malformed", answer: null, calls: [] };
      if (!turn.mayCall) return { end: "turns", answer: null, calls: [] };
      const answered = await answerTo(parsed.json, turn, settings);
      if (answered.call.outcome !== "ok" && settings.toolErrors === "end")
        return { end: "malformed", answer: null, calls: [answered.call] };
      return { end: null, ...answered };
    },
  };
}

async function answerTo(json: string, turn: ModelTurn, settings: EnvironmentSettings): Promise<AnsweredCall> {
  let written: unknown;
  try {
    written = JSON.parse(json);
  } catch {
    return notCarriedOut("", "not_json", "Error: the tool call is not valid JSON");
  }
  if (typeof written !== "object" || written === null || Array.isArray(written))
    return notCarriedOut("", "not_json", "Error: the tool call must be a JSON object with name and arguments");
  const { name, arguments: given } = written as Record<string, unknown>;
  const tool = settings.tools.find((one) => one.name === name);
  if (tool) return carryOut(tool, { given, json: JSON.stringify(given) ?? "null" }, turn, settings);
  const message = `Error: there is no such tool; ${namesOf(settings.tools)}`;
  return notCarriedOut(typeof name === "string" ? name : "", "unknown_tool", message);
}

function namesOf(tools: readonly Tool[]): string {
  if (tools.length === 0) return "there is none";
  if (tools.length === 1) return `the only one is ${tools[0]?.name}`;
  return `there are ${tools.map(({ name }) => name).join(", ")}`;
}
