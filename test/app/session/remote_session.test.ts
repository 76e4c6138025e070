import { afterEach, expect, test } from "vitest";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { type PolicyServer, RemoteSession } from "../../../src/app/session/remote_session.ts";
import { remoteView } from "../../../src/app/session/remote_view.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { elsewhereDefaults } from "../../../src/train/elsewhere_defaults.ts";
import { type Behaviour, type FakeJudge, openFakeJudge } from "../../support/fake_judge.ts";
import { completion } from "../../support/fake_policy.ts";

const open: FakeJudge[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function session(behave: () => Behaviour, changes: Partial<PolicyServer> = {}) {
  const fake = await openFakeJudge({ behave });
  open.push(fake);
  const server: PolicyServer = {
    url: fake.url,
    model: "",
    key: null,
    concurrency: 8,
    timeoutMs: 200,
    backoffMs: 1,
    family: null,
    toolForm: "text",
    ...changes,
  };
  const config = resolveConfig({ ...elsewhereDefaults, rolloutsPerTask: 2 });
  return { fake, session: await RemoteSession.open(await openDenoPlatform(false), config, server) };
}

async function failure(behave: () => Behaviour): Promise<string> {
  const { session: opened } = await session(behave);
  try {
    for await (const _ of opened.roll({ tasks: 1, rolloutsPerTask: 2, greedy: true }));
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    opened.close();
  }
}

test.each<[string, Behaviour, RegExp]>([
  [
    "a page of HTML",
    { kind: "html" },
    /^Expected JSON from the policy at .*, found a page of HTML: .*; check the address, which usually ends in \/v1$/,
  ],
  [
    "no answer in time",
    { kind: "hang" },
    /^The policy at .* did not answer within 0\.2 s; raise the time limit, or ask fewer conversations at once$/,
  ],
  ["a connection that breaks", { kind: "hang_up" }, /^The policy at .* cannot be reached: /],
  ["an empty reply", completion({ content: "" }), /found both empty; check the model, or choose another$/],
])("%s is one sentence", async (_, behaviour, sentence) => {
  expect(await failure(() => behaviour)).toMatch(sentence);
});

test("a person who stops does not wait for the server", async () => {
  const { session: opened } = await session(() => ({ kind: "hang" }), { timeoutMs: 60_000 });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped")), 300);
  const rolling = opened.roll({ tasks: 1, rolloutsPerTask: 2, greedy: true, signal: stop.signal });
  await expect(rolling.next()).rejects.toThrow("stopped");
  opened.close();
});

test("a cut-off turn ends its rollout", async () => {
  const { session: opened } = await session(() => completion({ content: "<think>on and", finish_reason: "length" }));
  const { value } = await opened.roll({ tasks: 1, rolloutsPerTask: 2, greedy: true }).next();
  expect(value!.rollouts.map(({ end }: { end: string }) => end)).toEqual(["length", "length"]);
  opened.close();
});

test("what a model's boxes mean is read from its name, or said", () => {
  expect(remoteView("Qwen/Qwen2.5-VL-7B-Instruct", null)).toMatchObject({
    frame: "input-pixels",
    limits: { factor: 28 },
    isGuess: false,
  });
  expect(remoteView("qwen3-vl-8b-instruct.gguf", null)).toMatchObject({
    frame: "relative-1000",
    limits: { factor: 32 },
    isGuess: false,
  });
  expect(remoteView("/models/step-400", null)).toMatchObject({ family: "qwen2_5_vl", isGuess: true });
  expect(remoteView("/models/step-400", "qwen3_vl")).toMatchObject({ frame: "relative-1000", isGuess: false });
});
