import type { PageFacts } from "../../src/reward/connection/diagnosis.ts";

/** What a judge's server that is not there does in a page. */
export type JudgeServerState =
  | "ready"
  | "down"
  | "local-network"
  | "cors"
  | "unauthorized"
  | "no-model"
  | "no-schema"
  | "slow"
  | "html";

const json = (value: unknown, status = 200) =>
  new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });

/**
 * `fetch` as a page finds it where a judge's server is in some state. It approves of answers that say
 * nothing beyond the expected one.
 */
export function judgeFetch(state: () => JudgeServerState, asked: Request[] = []): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    asked.push(request);
    const now = state();
    if (now === "down" || now === "local-network") throw new TypeError("Failed to fetch");
    if (now === "cors") {
      if (init?.mode === "no-cors") return new Response(null);
      throw new TypeError("Failed to fetch");
    }
    if (now === "unauthorized" && request.headers.get("authorization") !== "Bearer right")
      return json({ error: { message: "Incorrect API key" } }, 401);
    if (now === "html") return new Response("<html><body>It works!</body></html>");
    if (request.url.endsWith("/models"))
      return json({ data: ["qwen2.5-72b-instruct", "qwen2.5-7b-instruct"].map((id) => ({ id })) });
    const body = (await request.json()) as Completion;
    if (now === "no-model") return json({ error: { message: "no such model" } }, 404);
    if (now === "no-schema" && body.response_format) return json({ error: { message: "unknown field" } }, 400);
    if (now === "slow") await new Promise((resolve) => setTimeout(resolve, 5_200));
    return json({ choices: [{ message: { content: JSON.stringify({ verdict: verdictOn(body) }) } }] });
  };
}

interface Completion {
  messages: { content: string }[];
  response_format?: unknown;
}

/** Right where every word of the answer stands in what was expected: a judge that is wrong now and then. */
function verdictOn({ messages }: Completion): 0 | 1 {
  const { reference, candidate } = JSON.parse(messages.at(-1)!.content) as { reference: string; candidate: string };
  const words = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const expected = words(reference);
  return words(candidate).every((word) => expected.includes(word)) ? 1 : 0;
}

/** What the browser allows a page in that state. */
export const judgePage = (state: () => JudgeServerState): PageFacts => ({
  origin: location.origin,
  localNetworkPermission: async () => (state() === "local-network" ? "denied" : "granted"),
});
