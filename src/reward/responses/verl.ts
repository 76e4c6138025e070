import { afterLast, count, pythonSpace, strip } from "../../policy/python_text.ts";

/** What a response is judged by. */
export interface FoundAnswer {
  answer: string;
  formatError: boolean;
}

const afterResponse = new RegExp(`</tool_response>[${pythonSpace}]*assistant[${pythonSpace}]*\\n(.*?)(?=\\n|$)`, "s");
const roleWord = /(?<![\p{L}\p{N}_])(?:user|assistant)(?![\p{L}\p{N}_])/gu;

/**
 * The answer in a response, as verl's DeepEyes recipe finds it (b37184774, recipe/deepeyes/deepeyes.py): the first
 * filled answer tag behind the last thought; else the line behind the last tool's response; else what is left without
 * tool blocks; else everything.
 */
export function answerAsVerl(response: string): FoundAnswer {
  let formatError = count(response, "<think>") !== count(response, "</think>");
  const thought = response.includes("</think>");
  const said = strip(afterLast(response, "</think>"));
  if (count(said, "<answer>") !== count(said, "</answer>")) formatError = true;
  const tagged = /<answer>(.*?)<\/answer>/s.exec(said);
  if (!tagged) formatError = true;
  let answer: string;
  if (tagged) [, answer = ""] = tagged;
  else {
    const behind = afterResponse.exec(said);
    if (behind) [, answer = ""] = behind;
    else if (thought) answer = withoutTools(said);
    else answer = response;
  }
  answer = strip(answer);
  return answer === "" ? { answer: strip(response), formatError: true } : { answer, formatError };
}

function withoutTools(text: string): string {
  return text
    .replace(/<tool_call>.*?<\/tool_call>/gs, "")
    .replace(/<tool_response>.*?<\/tool_response>/gs, "")
    .replace(roleWord, "");
}
