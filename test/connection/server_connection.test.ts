import { afterEach, describe, expect, test } from "vitest";
import { readServerAddress, ServerKey } from "../../src/connection/address.ts";
import { retryAfterMs } from "../../src/connection/exchange.ts";
import { ServerFailure } from "../../src/connection/failure.ts";
import { type ConnectionSettings, ServerConnection } from "../../src/connection/server_connection.ts";
import { type Behaviour, type FakeJudge, type FakeJudgeOptions, openFakeJudge } from "../support/fake_judge.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function judgeThat(
  behave: FakeJudgeOptions["behave"],
  settings: Partial<ConnectionSettings> = {},
  options: Partial<FakeJudgeOptions> = {},
) {
  const fake = await openFakeJudge({ behave, ...options });
  open.push(fake);
  const connection = new ServerConnection(
    { url: fake.url, model: "fake", backoffMs: 1, timeoutMs: 10_000, ...settings },
    { random: () => 0.5 },
  );
  return { fake, connection };
}
const question = { messages: [{ role: "user" as const, content: "?" }], temperature: 0 };
const fine: Behaviour = { kind: "reply", text: "1" };
const failure = async (asking: Promise<unknown>): Promise<ServerFailure> => {
  const error = await asking.then(
    () => null,
    (error) => error,
  );
  expect(error).toBeInstanceOf(ServerFailure);
  return error;
};

test("sends the question with two headers, and gives the reply", async () => {
  const { fake, connection } = await judgeThat(() => fine, { key: "sk-secret" });
  expect(await connection.complete({ ...question, extra: { seed: 7 } })).toBe("1");
  expect(fake.questions[0]?.body).toEqual({ model: "fake", messages: question.messages, temperature: 0, seed: 7 });
  const ours = Object.keys(fake.questions[0]?.headers ?? {}).filter((name) =>
    /^(content-type|authorization|cookie|referer|x-)/.test(name),
  );
  expect(ours.sort()).toEqual(["authorization", "content-type"]);
  expect(fake.questions[0]?.headers.authorization).toBe("Bearer sk-secret");
});

test("without a key there is no Authorization", async () => {
  const { fake, connection } = await judgeThat(() => fine);
  await connection.complete(question);
  expect(fake.questions[0]?.headers.authorization).toBeUndefined();
});

test("asks for the first model of the server where none is named, once", async () => {
  const { fake, connection } = await judgeThat(() => fine, { model: "" }, { models: ["first", "second"] });
  await Promise.all([connection.complete(question), connection.complete(question)]);
  await connection.complete(question);
  expect(fake.questions.map(({ body }) => body.model)).toEqual(["first", "first", "first"]);
  expect(fake.requests.filter((request) => request === "GET /v1/models")).toHaveLength(1);
});

describe("what a judge does wrong is one sentence and a kind", () => {
  test.each<[string, Behaviour, string, number, RegExp]>([
    ["HTML", { kind: "html" }, "not_json", 3, /found a page of HTML: "<!doctype/],
    ["garbage", { kind: "garbage" }, "not_json", 3, /found other text: "garbage }{"/],
    ["nothing", { kind: "empty" }, "not_json", 3, /found nothing;/],
    ["cut-off JSON", { kind: "truncated" }, "not_json", 3, /found other text/],
    ["10 MB", { kind: "huge" }, "too_large", 3, /more than 1048576 bytes/],
    ["silence", { kind: "hang" }, "timeout", 3, /within 0.3 s/],
    // With the cause, which is not that a fetch failed.
    ["a hang-up", { kind: "hang_up" }, "no_answer", 3, /cannot be reached: (?!.*fetch failed).*connect/i],
    ["500", { kind: "status", status: 500 }, "server_error", 3, /failed \(500\): ".*told to fail/],
    ["429", { kind: "status", status: 429 }, "rate_limited", 3, /fewer questions \(429\)/],
    ["no choices", { kind: "no_text" }, "no_text", 3, /choices\[0\].*found no choices/],
    ["401", { kind: "status", status: 401 }, "unauthorized", 1, /refuses the key \(401\)/],
    ["404", { kind: "status", status: 404 }, "not_found", 1, /no such model or path/],
    ["400", { kind: "status", status: 400 }, "bad_request", 1, /does not accept/],
    ["405", { kind: "status", status: 405 }, "not_found", 1, /\(405\)/],
    ["402", { kind: "status", status: 402 }, "unauthorized", 1, /wants to be paid/],
    [
      "a moderator's 403",
      { kind: "status", status: 403, text: '{"error":{"message":"Your input was flagged"}}' },
      "refused",
      1,
      /flagged/,
    ],
    [
      "a page of HTML with 502",
      { kind: "status", status: 502, text: "<html><head><title>Bad Gateway</title></head><body><script>" },
      "server_error",
      3,
      /failed \(502\): a page of HTML, "Bad Gateway"$/,
    ],
    [
      "a redirect",
      { kind: "redirect" },
      "redirect",
      1,
      /redirect to http:\/\/127.0.0.1:9\/v1\/chat\/completions, which is not followed/,
    ],
  ])("%s", async (_, behaviour, kind, calls, message) => {
    const { fake, connection } = await judgeThat(() => behaviour, {
      retries: 2,
      // Only silence is to take as long as it may.
      timeoutMs: behaviour.kind === "hang" ? 300 : 10_000,
    });
    const error = await failure(connection.complete(question));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(fake.questions).toHaveLength(calls);
    expect(connection.counts).toMatchObject({ calls, retries: calls - 1 });
  });
});

test("a failure that passes is tried again until it is answered", async () => {
  const { fake, connection } = await judgeThat(({ index }) => (index < 2 ? { kind: "status", status: 503 } : fine));
  expect(await connection.complete(question)).toBe("1");
  expect(fake.questions).toHaveLength(3);
  expect(connection.counts.failures).toEqual({ server_error: 2 });
});

test("Retry-After holds everybody back", async () => {
  const { fake, connection } = await judgeThat(({ index }) =>
    index === 0 ? { kind: "status", status: 429, retryAfter: "0.25" } : fine,
  );
  const startedMs = performance.now();
  const first = connection.complete(question);
  while (fake.questions.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await connection.complete(question);
  expect(performance.now() - startedMs).toBeGreaterThan(240);
  expect(await first).toBe("1");
});

test("Retry-After is seconds or a date", () => {
  expect(retryAfterMs("2")).toBe(2000);
  expect(retryAfterMs("Wed, 21 Oct 2015 07:28:00 GMT", Date.parse("Wed, 21 Oct 2015 07:27:00 GMT"))).toBe(60_000);
  expect(retryAfterMs("Wed, 21 Oct 2015 07:28:00 GMT")).toBe(0);
  expect(retryAfterMs("soon")).toBeNull();
  expect(retryAfterMs(null)).toBeNull();
});

test("no more questions are open at once than allowed", async () => {
  const { fake, connection } = await judgeThat(() => ({ ...fine, afterMs: 10 }), { concurrency: 3, timeoutMs: 5000 });
  await Promise.all(Array.from({ length: 12 }, () => connection.complete(question)));
  expect(fake.questions).toHaveLength(12);
  expect(fake.mostOpen).toBe(3);
});

test("a budget counts every request, and then ends the questions", async () => {
  const { fake, connection } = await judgeThat(({ index }) => (index === 0 ? { kind: "status", status: 500 } : fine), {
    maxCalls: 2,
  });
  expect(await connection.complete(question)).toBe("1");
  expect((await failure(connection.complete(question))).message).toMatch(/asked its judge 2 times/);
  expect(fake.questions).toHaveLength(2);
});

test("a judge that is dead is not waited for at every question", async () => {
  const { fake, connection } = await judgeThat(({ index }) => (index < 17 ? { kind: "hang_up" } : fine), {
    retries: 1,
  });
  for (let i = 0; i < 9; i++) await failure(connection.complete(question));
  // Eight questions with two tries, the ninth with one.
  expect(fake.questions).toHaveLength(17);
  expect(await connection.complete(question)).toBe("1");
});

test("stopping ends questions that run, wait, and are yet to come", async () => {
  const { fake, connection } = await judgeThat(() => ({ kind: "hang" }), { concurrency: 1, timeoutMs: 10_000 });
  const stop = new AbortController();
  const asking = [1, 2].map(() => failure(connection.complete(question, stop.signal)));
  while (fake.questions.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  expect((await Promise.all(asking)).map(({ kind }) => kind)).toEqual(["aborted", "aborted"]);
  expect((await failure(connection.complete(question, stop.signal))).kind).toBe("aborted");
  expect(fake.questions).toHaveLength(1);
});

describe("the key", () => {
  const secret = "sk-very-secret-123";

  test("is not in what a server quotes back, nor in anything printed", async () => {
    const { connection } = await judgeThat(() => fine, { key: secret }, { key: "another" });
    const error = await failure(connection.complete(question));
    expect(error.message).toContain("[key]");
    for (const shown of [
      error.message,
      error.stack,
      JSON.stringify(error),
      JSON.stringify(connection),
      String(new ServerKey(secret, "http://a")),
    ])
      expect(shown).not.toContain(secret);
  });

  test("goes to its origin alone", () => {
    const key = new ServerKey(secret, "https://a.example");
    expect(key.authorization("https://a.example/v1/models")).toBe(`Bearer ${secret}`);
    expect(() => key.authorization("https://b.example/v1/models")).toThrow("belongs to https://a.example");
    expect(() => key.authorization("http://a.example/v1")).toThrow("is not sent to http://a.example");
  });

  test("that no header can carry is refused unquoted", () => {
    for (const bad of ["", "a b", "schlüssel", "a\nb"]) {
      expect(() => new ServerKey(bad, "http://a")).toThrow("printable ASCII");
      if (bad !== "") expect(() => new ServerKey(bad, "http://a")).not.toThrow(bad);
    }
  });
});

describe("addresses", () => {
  test.each([
    ["http://127.0.0.1:18901/v1", "http://127.0.0.1:18901/v1", "loopback"],
    ["http://localhost:8080", "http://localhost:8080/v1", "loopback"],
    ["https://api.example.com/v1/chat/completions", "https://api.example.com/v1", "public"],
    ["https://api.example.com/openai/v1/", "https://api.example.com/openai/v1", "public"],
    ["http://10.39.3.123:18901/v1", "http://10.39.3.123:18901/v1", "private"],
    ["http://[::1]:80/v1/models", "http://[::1]/v1", "loopback"],
    ["http://gpu-box:8000/v1", "http://gpu-box:8000/v1", "private"],
  ])("%s", (text, base, network) => expect(readServerAddress(text)).toMatchObject({ base, network }));

  test.each([
    ["127.0.0.1:80", "Expected the address"],
    ["ftp://a/v1", "http:// or https://"],
    ["javascript:alert(1)", "http:// or https://"],
    ["http://a/v1?key=sk-1", "a key has its own place"],
    ["http://me:sk-1@a/v1", "a key has its own place"],
    ["http://a/v1,http://b/v1", "Expected one address of a judge"],
    ["", "Expected the address"],
  ])("%s is refused", (text, message) => {
    expect(() => readServerAddress(text)).toThrow(message);
    expect(() => readServerAddress(text)).not.toThrow("sk-1");
  });
});
