import { afterEach, describe, expect, test } from "vitest";
import type { ConnectionSettings } from "../../../src/connection/server_connection.ts";
import { type PageFacts, testConnection } from "../../../src/reward/connection/diagnosis.ts";
import { judgeServers } from "../../../src/reward/connection/servers.ts";
import { type FakeJudge, type FakeJudgeOptions, openFakeJudge } from "../../support/fake_judge.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function diagnose(options: FakeJudgeOptions, settings: Partial<ConnectionSettings> = {}) {
  const fake = await openFakeJudge(options);
  open.push(fake);
  return testConnection({ url: fake.url, ...settings });
}
const fine: FakeJudgeOptions = { behave: () => ({ kind: "reply", text: '{"verdict": 1}' }), models: ["a", "b"] };
const withoutSchema = (text: string): FakeJudgeOptions => ({
  behave: ({ body }) => (body.response_format ? { kind: "status", status: 400 } : { kind: "reply", text }),
});

test("ready, with the model that answered", async () => {
  const diagnosis = await diagnose(fine);
  expect(diagnosis).toMatchObject({ state: "ready", usable: true, model: "a", models: ["a", "b"] });
  expect(diagnosis.message).toMatch(/gave a verdict in \d\.\d s with a/);
  expect(diagnosis.verdictMs).toBeGreaterThan(0);
});

test.each<[string, FakeJudgeOptions, Partial<ConnectionSettings>, string, boolean, RegExp]>([
  ["no key where one is wanted", { ...fine, key: "k" }, {}, "unauthorized", false, /wants a key, and none was given/],
  [
    "a wrong key",
    { ...fine, key: "k" },
    { key: "other" },
    "unauthorized",
    false,
    /refuses the key \(401\).*check the key/,
  ],
  ["no model there", { ...fine, models: [] }, {}, "no_model", false, /names no model/],
  ["another model", fine, { model: "c" }, "no_model", true, /no model "c", though it answers; it has a, b/],
  [
    "a model that is refused",
    { ...fine, behave: () => ({ kind: "status", status: 404 }) },
    { model: "c" },
    "no_model",
    false,
    /has no model "c"; it has a, b/,
  ],
  [
    "no chat completions",
    { ...fine, behave: () => ({ kind: "status", status: 404 }) },
    {},
    "not_a_judge",
    false,
    /no chat completions there/,
  ],
  ["no list of models", { ...fine, modelsStatus: 404 }, { model: "c" }, "ready", true, /with c/],
  ["no schemas", withoutSchema("VERDICT: 1"), {}, "no_json_schema", true, /asked for by the prompt alone/],
  [
    "a schema that is ignored",
    { behave: () => ({ kind: "reply", text: "I say VERDICT: 1" }) },
    {},
    "no_json_schema",
    true,
    /knows no json_schema/,
  ],
  ["no form at all", withoutSchema("well, yes"), {}, "no_json_schema", false, /does not keep to the form.*"well, yes"/],
  [
    "silence",
    { behave: () => ({ kind: "hang" }) },
    { timeoutMs: 100 },
    "no_answer",
    false,
    /did not answer within 0.1 s/,
  ],
  ["a page of HTML", { behave: () => ({ kind: "html" }) }, {}, "not_a_judge", false, /found a page of HTML/],
  ["a redirect", { behave: () => ({ kind: "redirect" }) }, {}, "not_a_judge", false, /redirect/],
])("%s", async (_, options, settings, state, usable, message) => {
  const diagnosis = await diagnose(options, settings);
  expect(diagnosis).toMatchObject({ state, usable });
  expect(diagnosis.message).toMatch(message);
});

test("ready, with what it does not take", async () => {
  const diagnosis = await diagnose({
    ...fine,
    behave: ({ body }) =>
      "temperature" in body
        ? { kind: "status", status: 400, text: '{"error":{"message":"no","param":"temperature"}}' }
        : { kind: "reply", text: '{"verdict": 1}' },
  });
  expect(diagnosis).toMatchObject({ state: "ready", usable: true });
  expect(diagnosis.message).toMatch(/with a; it takes questions without temperature only$/);
});

test("nothing there", async () => {
  const fake = await openFakeJudge(fine);
  await fake.close();
  const diagnosis = await testConnection({ url: fake.url });
  expect(diagnosis).toMatchObject({ state: "no_answer", usable: false });
  expect(diagnosis.message).toMatch(/cannot be reached/);
});

test("slow, with what a step would wait", async () => {
  // The clock is not waited for: a verdict seems to take six seconds.
  const real = performance.now.bind(performance);
  let late = 0;
  performance.now = () => real() + late;
  try {
    const diagnosis = await diagnose({
      behave: () => {
        late = 6000;
        return { kind: "reply", text: '{"verdict": 1}' };
      },
    });
    expect(diagnosis).toMatchObject({ state: "slow", usable: true });
    expect(diagnosis.message).toMatch(/6\.\d s for one verdict; a step of 128 rollouts waits for \d\d+ s/);
  } finally {
    performance.now = real;
  }
});

describe("in a page, where every failure looks the same", () => {
  const page = (
    permission: Awaited<ReturnType<PageFacts["localNetworkPermission"]>>,
    origin = "https://page.example",
  ): PageFacts => ({
    origin,
    localNetworkPermission: async () => permission,
  });
  const fails = async () => {
    throw new TypeError("Failed to fetch");
  };
  /** A browser that gives the page only answers that it may not read. */
  const keeps: typeof fetch = async (_, init) => (init?.mode === "no-cors" ? new Response() : fails());
  const local = { url: "http://127.0.0.1:18901/v1" };

  test.each<[string, { url: string }, PageFacts, typeof fetch, string, RegExp]>([
    ["CORS", local, page("granted"), keeps, "cors", /does not let this page read it \(CORS\).*https:\/\/page\.example/],
    ["nobody there", local, page("granted"), fails, "no_answer", /Nothing answers at/],
    ["permission denied", local, page("denied"), fails, "local_network", /keeps this page from the local network/],
    ["permission asked for", local, page("prompt"), fails, "local_network", /asks whether this page may reach/],
    ["a page from this machine", local, page("prompt", "http://localhost:8080"), keeps, "cors", /CORS/],
    ["no such permission", local, page("unsupported"), fails, "no_answer", /Nothing answers/],
    ["far away", { url: "https://judge.example/v1" }, page("denied"), keeps, "cors", /CORS/],
    [
      "mixed content",
      { url: "http://10.0.0.2/v1" },
      page("granted"),
      fails,
      "no_answer",
      /a page from https may not ask/,
    ],
  ])("%s", async (_, settings, facts, fetch, state, message) => {
    const diagnosis = await testConnection(settings, facts, { fetch });
    expect(diagnosis).toMatchObject({ state, usable: false });
    expect(diagnosis.message).toMatch(message);
  });
});

test("every server has its start command, with the page's origin where it needs one", () => {
  const names = ["vLLM", "SGLang", "llama.cpp", "Ollama", "LM Studio"];
  expect(judgeServers(null).map(({ name }) => name)).toEqual(names);
  const commands = (origin: string | null) =>
    Object.fromEntries(judgeServers(origin).map(({ name, command }) => [name, command]));
  expect(commands(null).SGLang).toBe(
    "python -m sglang.launch_server --model-path /path/to/Qwen2.5-72B-Instruct --port 18901 --tp-size 8 --context-length 32768 --trust-remote-code --log-requests false",
  );
  expect(commands("https://page.example").Ollama).toBe("OLLAMA_ORIGINS=https://page.example ollama serve");
  expect(commands("http://localhost:8080").Ollama).toBe("ollama serve");
  expect(commands("https://page.example").vLLM).toContain(`--allowed-origins '["https://page.example"]'`);
  expect(commands("http://localhost:8080")["LM Studio"]).toContain("--cors");
});
