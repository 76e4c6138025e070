import { loadJson, plainValue } from "../../policy/python_json.ts";
import { repr } from "../../policy/python_text.ts";
import { readTurn } from "../parse.ts";
import { callsAsVerl } from "./calls_verl.ts";
import { carryOut, notCarriedOut } from "./carry_out.ts";
import type { Environment, EnvironmentSettings } from "./environment.ts";

/**
 * verl's agent loop (b37184774): a turn without a call that can be read ends, whatever stands in it; the first call is
 * carried out.
 */
export function verlEnvironment(settings: EnvironmentSettings): Environment {
  return {
    async step(turn) {
      const [first] = turn.offersTools ? callsAsVerl(turn.text).calls : [];
      if (!first) {
        const parsed = readTurn(turn.text);
        if (parsed.kind === "answer") return { end: "answer", answer: parsed.answer, calls: [] };
        return { end: "malformed", answer: parsed.kind === "malformed" ? parsed.answer : null, calls: [] };
      }
      if (!turn.mayCall) return { end: "turns", answer: null, calls: [] };
      const { name, arguments: json } = first;
      const tool = settings.tools.find((one) => one.name === name);
      if (!tool)
        return { end: null, ...notCarriedOut(name, "unknown_tool", `Error when executing tool: ${repr(name)}`) };
      return { end: null, ...(await carryOut(tool, { given: plainValue(loadJson(json)), json }, turn, settings)) };
    },
  };
}
