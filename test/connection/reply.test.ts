import { afterEach, describe, expect, test } from "vitest";
import { judgeReply } from "../../src/app/conformance/judge_reply_cases.ts";
import { jsonLines } from "../../src/app/conformance/outcome.ts";
import { ServerFailure } from "../../src/connection/failure.ts";
import { ServerConnection } from "../../src/connection/server_connection.ts";
import { openJudge } from "../../src/reward/judges/remote_judge.ts";
import { type Behaviour, type FakeJudge, openFakeJudge, type Question } from "../support/fake_judge.ts";
import { readBytes } from "../support/png.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

const faults = (name: string) => readBytes(new URL(`../golden/faults/${name}`, import.meta.url));
const question = { messages: [{ role: "user" as const, content: "?" }], temperature: 0 };

async function connect(behave: (question: Question) => Behaviour, retries = 2) {
  const fake = await openFakeJudge({ behave });
  open.push(fake);
  const settings = { url: fake.url, model: "fake", backoffMs: 1, timeoutMs: 2000, retries };
  return { fake, connection: new ServerConnection(settings, { random: () => 0.5 }) };
}

async function failure(asking: Promise<unknown>): Promise<ServerFailure> {
  const error = await asking.then(
    () => null,
    (error) => error,
  );
  expect(error).toBeInstanceOf(ServerFailure);
  return error;
}

const raw = (body: unknown, headers?: Record<string, string>): Behaviour => ({
  kind: "raw",
  body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  headers,
});
const message = (fields: object, choice: object = { finish_reason: "stop" }) =>
  raw({ choices: [{ message: { role: "assistant", ...fields }, ...choice }] });

test("every reply found from outside is read as it is meant", async () => {
  const cases = jsonLines<Parameters<typeof judgeReply>[0]>(await faults("judge_reply.jsonl"), "judge_reply.jsonl");
  expect(cases).toHaveLength(12);
  for (const one of cases) for (const outcome of await judgeReply(one)) expect(outcome.detail).toBe("");
});

const chunk = (content: string, finish: string | null = null) =>
  JSON.stringify({ object: "chat.completion.chunk", choices: [{ delta: { content }, finish_reason: finish }] });

describe("a reply is read in every form that servers give it", () => {
  test.each<[string, Behaviour]>([
    [
      "parts",
      message({
        content: [
          { type: "text", text: "ye" },
          { type: "text", text: "s" },
        ],
      }),
    ],
    [
      "parts with a thought",
      message({
        content: [
          { type: "thinking", thinking: "no" },
          { type: "text", text: "yes" },
        ],
      }),
    ],
    ["a thought beside it", message({ content: "yes", reasoning_content: "no", refusal: null })],
    ["SGLang's reason", message({ content: "yes" }, { finish_reason: { type: "stop", matched: 7 } })],
    ["no reason", message({ content: "yes" }, {})],
    ["an error that is none", raw({ error: null, choices: [{ message: { content: "yes" } }] })],
    ["a text", raw({ choices: [{ text: "yes", finish_reason: "stop" }] })],
    [
      "comments before it",
      raw(
        `: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n${JSON.stringify({ choices: [{ message: { content: "yes" } }] })}`,
      ),
    ],
    [
      "blanks and a byte order mark",
      raw(`\ufeff\n\n  ${JSON.stringify({ choices: [{ message: { content: "yes" } }] })}\n`),
    ],
    [
      "a stream",
      raw(`: hi\n\ndata: ${chunk("y")}\n\ndata: ${chunk("es", "stop")}\n\ndata: [DONE]\n\n`, {
        "Content-Type": "text/event-stream",
      }),
    ],
    ["a stream without empty lines", raw(`data: ${chunk("y")}\r\ndata: ${chunk("es")}\r\ndata: [DONE]\r\n`)],
    ["a stream with names", raw(`event: message\ndata: ${chunk("yes", "stop")}\nid: 3\n\n`)],
    [
      "a stream that repeats the whole",
      raw(
        `data: ${chunk("ye")}\n\ndata: ${JSON.stringify({ choices: [{ message: { content: "yes" }, finish_reason: "stop" }] })}\n\n`,
      ),
    ],
    ["a value a line", raw(`${chunk("y")}\n${chunk("es", "stop")}\n`)],
    [
      "Ollama's lines",
      raw('{"message":{"content":"y"},"done":false}\n{"message":{"content":"es"},"done":true,"done_reason":"stop"}'),
    ],
  ])("%s", async (_, behaviour) => {
    const { connection } = await connect(() => behaviour, 0);
    expect(await connection.complete(question)).toBe("yes");
  });

  test.each([true, false])("packed by gzip, said: %s", async (said) => {
    const text = JSON.stringify({ choices: [{ message: { content: "yes" } }] });
    const packed = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
    const { connection } = await connect(() => raw(packed, said ? { "Content-Encoding": "gzip" } : {}), 0);
    expect(await connection.complete(question)).toBe("yes");
  });

  test("a small packed reply that unpacks to more than is read is refused", async () => {
    const packed = await new Response(
      new Blob([new Uint8Array(8_000_000)]).stream().pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    expect(packed.length).toBeLessThan(20_000);
    const { connection } = await connect(() => raw(packed), 0);
    expect((await failure(connection.complete(question))).kind).toBe("too_large");
  });
});

describe("what is no reply is reported with the server's own message", () => {
  test.each<[string, Behaviour, string, RegExp, number]>([
    [
      "an error in 200 that may pass",
      raw({ error: { message: "Rate limit exceeded", code: 429 } }),
      "rate_limited",
      /Rate limit exceeded/,
      3,
    ],
    ["as a string", raw({ error: "model is overloaded, try again" }), "server_error", /overloaded/, 3],
    [
      "with a provider's words",
      raw({ error: { message: "Provider returned error", code: 502, metadata: { raw: "upstream is down" } } }),
      "server_error",
      /Provider returned error: upstream is down/,
      3,
    ],
    [
      "in the choice",
      raw({ choices: [{ error: { code: 503, message: "busy" }, message: { content: "yes" } }] }),
      "server_error",
      /busy/,
      3,
    ],
    [
      "beside the choices",
      raw({ error: { message: "moderated", code: 400 }, choices: [{ message: { content: "yes" } }] }),
      "bad_request",
      /moderated/,
      1,
    ],
    ["of a key", raw({ error: { message: "Invalid key", code: "invalid_api_key" } }), "unauthorized", /Invalid key/, 1],
    [
      "of a model",
      raw({ object: "error", message: "The model `x` does not exist.", code: 404 }),
      "not_found",
      /does not exist/,
      1,
    ],
    [
      "Anthropic's",
      raw({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
      "server_error",
      /Overloaded/,
      3,
    ],
    [
      "FastAPI's",
      raw({ detail: [{ loc: ["body", "messages"], msg: "field required" }] }),
      "bad_request",
      /messages: field required/,
      1,
    ],
    [
      "in a stream",
      raw(`data: ${chunk("y")}\n\ndata: {"error":{"message":"lost","code":500}}\n\n`),
      "server_error",
      /lost/,
      3,
    ],
    ["nothing in it", message({ content: "" }), "no_text", /found it empty/, 3],
    ["null", message({ content: null }), "no_text", /found it empty/, 3],
    [
      "thoughts alone",
      message({ content: null, reasoning_content: '{"verdict": 1}' }),
      "no_text",
      /thought and gave no reply/,
      3,
    ],
    [
      "a refusal",
      message({ content: null, refusal: "I cannot help" }),
      "refused",
      /refuses to judge: "I cannot help"/,
      1,
    ],
    ["cut off", message({ content: "yes" }, { finish_reason: "length" }), "cut_off", /cut off .*"length"/, 1],
    [
      "cut off at its provider",
      message({ content: "yes" }, { finish_reason: null, native_finish_reason: "MAX_TOKENS" }),
      "cut_off",
      /MAX_TOKENS/,
      1,
    ],
    ["a stream that broke off", raw(`data: ${chunk("yes")}\n\n`), "cut_off", /broke off/, 1],
    ["filtered", message({ content: "yes" }, { finish_reason: "content_filter" }), "refused", /filter/, 1],
    ["aborted", message({ content: "yes" }, { finish_reason: "abort" }), "server_error", /broke its reply off/, 3],
    [
      "a call of a tool",
      message({ content: null, tool_calls: [{}] }, { finish_reason: "tool_calls" }),
      "no_text",
      /something else than a reply/,
      3,
    ],
  ])("%s", async (_, behaviour, kind, words, calls) => {
    const { fake, connection } = await connect(() => behaviour);
    const error = await failure(connection.complete(question));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(words);
    expect(fake.questions).toHaveLength(calls);
  });

  test("the reply found from outside is tried again, and passes", async () => {
    const body = await faults("judge-error-in-200/reply.json");
    const { fake, connection } = await connect(({ index }) =>
      index === 0 ? raw(body) : { kind: "reply", text: "yes" },
    );
    expect(await connection.complete(question)).toBe("yes");
    expect(fake.questions).toHaveLength(2);
    expect(connection.counts.failures).toEqual({ rate_limited: 1 });
  });
});

describe("a field that a server does not take is left out, or sent by its other name, and so from then on", () => {
  const extra = { seed: 0, max_tokens: 512, chat_template_kwargs: {} };
  const refuses = (refused: (body: Question["body"]) => string | null) =>
    connect(({ body }) => {
      const text = refused(body);
      return text === null ? { kind: "reply", text: "yes" } : { kind: "status", status: 400, text };
    });
  const bodies = (fake: FakeJudge) =>
    fake.questions.map(({ body: { model: _, messages: __, ...fields } }) => Object.keys(fields).sort().join(" "));

  test("max_tokens, in the reply found from outside", async () => {
    const text = new TextDecoder().decode(await faults("judge-max-completion-tokens/reply-400.json"));
    const { fake, connection } = await refuses((body) => ("max_tokens" in body ? text : null));
    for (let i = 0; i < 2; i++)
      expect(await connection.complete({ ...question, extra: { max_tokens: 512 } })).toBe("yes");
    expect(bodies(fake)).toEqual(["max_tokens temperature", ...Array(2).fill("max_completion_tokens temperature")]);
    expect(fake.questions[1]!.body.max_completion_tokens).toBe(512);
    expect(connection.adaptations).toEqual(["max_completion_tokens in the place of max_tokens"]);
  });

  test("all of them, one after the other, by every way of saying so", async () => {
    const { fake, connection } = await refuses((body) =>
      "max_tokens" in body
        ? '{"error":{"message":"Unsupported parameter","param":"max_tokens"}}'
        : "max_completion_tokens" in body
          ? '{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}'
          : "temperature" in body
            ? `{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported."}}`
            : "chat_template_kwargs" in body
              ? "unknown field `chat_template_kwargs`"
              : "seed" in body
                ? '{"message":"seed is not supported"}'
                : null,
    );
    expect(await connection.complete({ ...question, extra })).toBe("yes");
    expect(await connection.complete({ ...question, extra })).toBe("yes");
    expect(bodies(fake).slice(-2)).toEqual(["", ""]);
    expect(fake.questions).toHaveLength(7);
    expect(connection.adaptations.sort()).toEqual([
      "without chat_template_kwargs",
      "without max_tokens",
      "without seed",
      "without temperature",
    ]);
  });

  test("in an error inside a 200", async () => {
    const { fake, connection } = await connect(({ body }) =>
      "temperature" in body
        ? raw({ error: { code: 400, message: "temperature is deprecated for this model" } })
        : { kind: "reply", text: "yes" },
    );
    expect(await connection.complete(question)).toBe("yes");
    expect(fake.questions).toHaveLength(2);
  });

  test("a schema that breaks the server is one that it does not take", async () => {
    const { fake, connection } = await connect(({ body }) =>
      "response_format" in body
        ? { kind: "status", status: 500, text: '{"error":{"message":"json_schema is not supported"}}' }
        : { kind: "reply", text: "VERDICT: 1" },
    );
    const judge = openJudge({ url: fake.url, model: "fake", retries: 3, canaryRate: 0 });
    const asked = { question: "What?", goldAnswer: "a bowl of cherries", answer: "fruit in a dish", source: "x" };
    expect(await judge.verdict(asked)).toEqual({ right: true, rule: "judge hardened" });
    expect(fake.questions).toHaveLength(2);
    expect(connection.adaptations).toEqual([]);
  });

  test("nothing is learned where the question fails all the same", async () => {
    const { fake, connection } = await refuses((body) =>
      "max_tokens" in body ? "max_tokens is too large: 512" : "the prompt is too long",
    );
    const error = await failure(connection.complete({ ...question, extra: { max_tokens: 512 } }));
    expect(error.message).toMatch(/max_tokens is too large/);
    expect(connection.adaptations).toEqual([]);
    expect(fake.questions).toHaveLength(2);
  });
});

describe("the originals read replies to the letter, but for those that are none", () => {
  const reply = (judge: string, content: string | null, finish = "stop") => ({
    id: `${judge} ${content} ${finish}`,
    judge: judge as "verl",
    body: { choices: [{ finish_reason: finish, message: { content } }] },
  });
  test.each([
    [reply("verl", "NOT CORRECT"), 1],
    [reply("verl", "hm"), 0],
    [reply("verl", "<think>CORRECT would"), 1],
    [reply("deepeyes", "Judgement: 10"), 1],
    [reply("deepeyes", "1."), 0],
    [reply("deepeyes-math", "TRUE or FALSE"), 0],
    [reply("verl", "CORRECT", "length"), 1],
    [reply("deepeyes", "1", "length"), 1],
    [reply("deepeyes-common", "## Equivalence Judgement\nFALSE", "length"), 0],
    [reply("verl", "It is CORRECT where the", "length"), null],
    [reply("deepeyes", "Judgement: 1 or Judgement", "length"), null],
    [reply("verl", null), null],
  ] as const)("%j", async (one, want) => {
    for (const outcome of await judgeReply({ ...one, want })) expect(outcome.detail).toBe("");
  });
});
