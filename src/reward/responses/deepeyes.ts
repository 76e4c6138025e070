import { afterLast, count, strip } from "../../policy/python_text.ts";

// What DeepEyes looks for in a response (6c5e796, verl/utils/reward_score), decoded with special tokens.

/** DeepEyes' three kinds of data, each with a reward and a judge of its own. */
export type DataKind = "vision" | "reasoning" | "math";

/**
 * The kind of a row of data (verl/utils/reward_score/__init__.py: vstar, vl_agent, chart; geoguessr; thinklite_eureka,
 * xince). Data of other names, which DeepEyes refuses, is taken for questions about pictures.
 */
export function dataKindAsDeepEyes(dataSource: string): DataKind {
  if (dataSource === "geoguessr") return "reasoning";
  return ["thinklite_eureka", "xince"].includes(dataSource) ? "math" : "vision";
}

/** The text behind the last thought; all of it where there is none. */
export const afterThoughts = (response: string): string => strip(afterLast(response, "</think>"));

/** Whether thoughts are opened as often as they are closed. */
export const thoughtsClosed = (response: string): boolean => count(response, "<think>") === count(response, "</think>");

/** The answer behind the last `<answer>`, anywhere in the response; all of it where there is none. */
export function answerAsDeepEyes(response: string): string {
  const [answer = ""] = afterLast(response, "<answer>").split("</answer>");
  return strip(answer);
}

/** For general reasoning: the first answer behind the last thought, "" where there is none. */
export const reasoningAnswer = (response: string): string =>
  strip(/<answer>(.*?)<\/answer>/s.exec(afterThoughts(response))?.[1] ?? "");

/** For mathematics: what stands in the boxes behind the last thought, each up to its first closing brace. */
export const mathAnswers = (response: string): string[] =>
  [...afterThoughts(response).matchAll(/\\boxed\{([^}]+)\}/g)].map(([, box = ""]) => box);
