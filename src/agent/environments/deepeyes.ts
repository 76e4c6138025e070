import { dumpJson, plainValue } from "../../policy/python_json.ts";
import { readTurn } from "../parse.ts";
import { rotation } from "../tools/rotate.ts";
import { callAsDeepEyes } from "./call_deepeyes.ts";
import { carryOut, notCarriedOut } from "./carry_out.ts";
import type { Environment, EnvironmentSettings } from "./environment.ts";

/**
 * DeepEyes' environment (6c5e796): an answer ends, whatever else stands in the turn, and so does a turn without a
 * call; the last call counts. Rotation is carried out whether the prompt describes it or not.
 */
export function deepEyesEnvironment(settings: EnvironmentSettings): Environment {
  const tools = [...settings.tools, rotation];
  return {
    async step(turn) {
      const called = callAsDeepEyes(turn.text);
      if (called.kind === "none" || !turn.offersTools) {
        const parsed = readTurn(turn.text);
        if (parsed.kind === "answer") return { end: "answer", answer: parsed.answer, calls: [] };
        return { end: "malformed", answer: parsed.kind === "malformed" ? parsed.answer : null, calls: [] };
      }
      if (!turn.mayCall) return { end: "turns", answer: null, calls: [] };
      if (called.kind === "unreadable")
        return { end: null, ...notCarriedOut(nameIn(turn.text), called.outcome, `Error: ${called.message}`) };
      const { name, given } = called;
      const tool = tools.find((one) => one.name === name);
      if (!tool)
        return { end: null, ...notCarriedOut(nameIn(turn.text), "unknown_tool", `Error: Unknown tool name: ${name}`) };
      const written = { given: plainValue(given), json: dumpJson(given) };
      return { end: null, ...(await carryOut(tool, written, turn, settings)) };
    },
  };
}

/** The first name in the turn, whether the call that counts can be read or not. */
const nameIn = (text: string): string => /"name"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? "";
