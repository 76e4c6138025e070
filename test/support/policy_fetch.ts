import { completion, type Said } from "./fake_policy.ts";

/** What a policy's server that is not there does in a page. */
export type PolicyServerState =
  | "ready"
  | "down"
  | "unauthorized"
  | "no-logprobs"
  | "no-pictures"
  | "too-large"
  | "html";

/**
 * `fetch` as a page finds it where a server has a model that zooms once and answers. Its key is "right" where one is
 * asked for.
 */
export function policyFetch(state: () => PolicyServerState, asked: Request[] = []): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    asked.push(request.clone());
    const now = state();
    if (now === "down") throw new TypeError("Failed to fetch");
    if (now === "html") return new Response("<html><body>It works!</body></html>");
    if (now === "unauthorized" && request.headers.get("authorization") !== "Bearer right")
      return new Response('{"error":{"message":"Incorrect API key"}}', { status: 401 });
    if (request.url.endsWith("/models")) return new Response(JSON.stringify({ data: [{ id: "served-vl-7b" }] }));
    const { messages } = (await request.json()) as { messages: { role: string }[] };
    if (now === "no-pictures")
      return new Response('{"error":{"message":"At most 0 image(s) may be provided in one request."}}', {
        status: 400,
      });
    if (now === "too-large") return new Response("Request Entity Too Large", { status: 413 });
    const first = messages.every(({ role }) => role !== "assistant");
    const said: Said = {
      content: first
        ? '<think>too small</think> <tool_call>\n{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [100, 100, 220, 220]}}\n</tool_call>'
        : "<think>a digit</think> <answer>7</answer>",
      model: "served-vl-7b",
      prompt_tokens: first ? 700 : 1100,
      withoutLogprobs: now === "no-logprobs",
    };
    const behaviour = completion(said);
    return new Response(behaviour.kind === "raw" ? (behaviour.body as string) : "");
  };
}
