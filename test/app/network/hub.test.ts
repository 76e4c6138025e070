import { afterEach, describe, expect, test } from "vitest";
import type { RemoteOptions } from "../../../src/app/network/http_requests.ts";
import { Hub, type HubOptions } from "../../../src/app/network/hub.ts";
import { RemoteFiles } from "../../../src/app/network/remote_files.ts";
import { type FakeHub, type FakeHubOptions, firstCommit, openFakeHub } from "../../support/fake_hub.ts";

const MiB = 2 ** 20;
const numbers = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 13) & 0xff);
const text = (value: string) => new TextEncoder().encode(value);
const large = numbers(12 * MiB);
const middle = numbers(MiB, 7);
const token = "hf_secret";
/** Megabytes, which toEqual would take minutes for. */
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);

const repositories = () => ({
  "models/a/small": {
    "config.json": text('{"a":1}'),
    "model.safetensors": middle,
    "empty.txt": new Uint8Array(),
    "sub/x y#1.json": text("{}"),
  },
  "models/a/large": { "model.safetensors": large },
  "datasets/b/rows": { "data/1.parquet": numbers(10), "data/2.parquet": numbers(10), "README.md": text("#") },
});

const opened: FakeHub[] = [];
afterEach(async () => {
  for (const fake of opened.splice(0)) await fake.close();
});

async function openHub(
  fakes: Partial<FakeHubOptions> = {},
  { hasToken = false, ...options }: Partial<RemoteOptions> & HubOptions = {},
) {
  const fake = await openFakeHub({ repositories: repositories(), ...fakes });
  opened.push(fake);
  const waits: number[] = [];
  const files = new RemoteFiles({
    seesRedirects: true,
    secret: hasToken ? { origin: new URL(fake.endpoint).origin, authorization: `Bearer ${token}` } : null,
    wait: async (ms) => void waits.push(ms),
    ...options,
  });
  const hub = new Hub(files, { endpoint: `${fake.endpoint}/`, hasToken, tokenRemedy: "set HF_TOKEN" });
  return { hub, fake, waits, files };
}
const ranges = (fake: FakeHub, server: "hub" | "cdn") =>
  fake.requests.filter((request) => request.server === server).map(({ range }) => range);

describe("files of the Hub", () => {
  test("are measured and read; a small one comes whole with the first request", async () => {
    const { hub, fake } = await openHub();
    expect(await hub.sizeBytes("hf://a/small@main/config.json")).toBe(7);
    expect(await hub.read("hf://a/small/config.json", 1, 4)).toEqual(text('"a"'));
    expect(await hub.read("hf://a/small/config.json")).toEqual(text('{"a":1}'));
    expect(fake.requests).toMatchObject([
      { method: "GET", url: "/a/small/resolve/main/config.json", range: "bytes=0-65535", authorization: null },
    ]);
    expect(await hub.sizeBytes("hf://a/small/none.json")).toBeNull();
    expect(await hub.sizeBytes("hf://a/small")).toBeNull();
    expect(await hub.sizeBytes("hf://a/small/empty.txt")).toBe(0);
    expect(await hub.read("hf://a/small/empty.txt")).toEqual(new Uint8Array());
    expect(await hub.read("hf://a/small/sub/x y#1.json")).toEqual(text("{}"));
    expect(await hub.read("hf://a/small/config.json", 5, 99)).toEqual(text("1}"));
    expect((await hub.read("hf://a/small/config.json", 50, 99)).length).toBe(0);
  });

  test("large ones are read by ranges only, ahead where a reader goes on, and never twice", async () => {
    const { hub, fake } = await openHub({ redirectFrom: 1000 });
    const path = "hf://a/large/model.safetensors";
    expect(await hub.sizeBytes(path)).toBe(large.length);
    expect(await hub.read(path, 0, 8)).toEqual(large.subarray(0, 8));
    expect(ranges(fake, "cdn")).toEqual(["bytes=0-65535"]);
    // It goes on from 8: four mebibytes behind what is known.
    expect(same(await hub.read(path, 8, 100_000), large.subarray(8, 100_000))).toBe(true);
    expect(ranges(fake, "cdn")).toEqual(["bytes=0-65535", `bytes=65536-${65536 + 4 * MiB - 1}`]);
    expect(same(await hub.read(path, 100_000, 2 * MiB), large.subarray(100_000, 2 * MiB))).toBe(true);
    expect(ranges(fake, "cdn")).toHaveLength(2);
    // Elsewhere: that much and no more.
    expect(await hub.read(path, 11 * MiB, 11 * MiB + 10)).toEqual(large.subarray(11 * MiB, 11 * MiB + 10));
    expect(ranges(fake, "cdn").at(-1)).toBe(`bytes=${11 * MiB}-${11 * MiB + 9}`);
    expect(same(await hub.read(path, 3 * MiB, 9 * MiB), large.subarray(3 * MiB, 9 * MiB))).toBe(true);
  });

  test("come from one commit, even where a branch moves on", async () => {
    const { hub, fake } = await openHub();
    await hub.read("hf://a/small@main/config.json");
    fake.revisions.main = "2".repeat(40);
    fake.revisions.old = firstCommit;
    await hub.read("hf://a/small@main/model.safetensors", 0, 10);
    expect(fake.requests.at(-1)!.url).toBe(`/a/small/resolve/${firstCommit}/model.safetensors`);
    await hub.list("hf://a/small@main");
    expect(fake.requests.at(-1)!.url).toBe(`/api/models/a/small/tree/${firstCommit}?recursive=true`);
  });

  test("are listed page by page, in order, below a folder", async () => {
    const { hub, fake } = await openHub({ pageSize: 1 });
    expect(await hub.list("hf://datasets/b/rows@main")).toEqual(["README.md", "data/1.parquet", "data/2.parquet"]);
    expect(fake.requests).toHaveLength(3);
    expect(await hub.list("hf://datasets/b/rows@main")).toHaveLength(3);
    expect(fake.requests).toHaveLength(3);
    expect(await hub.list("hf://datasets/b/rows@main/data")).toEqual(["1.parquet", "2.parquet"]);
    expect(await hub.list("hf://datasets/b/rows@main/none")).toBeNull();
  });
});

describe("the token", () => {
  test("goes to the Hub and to no other origin", async () => {
    const { hub, fake } = await openHub(
      { redirectFrom: 1000, gated: { repository: "models/a/small", token } },
      { hasToken: true },
    );
    expect(await hub.read("hf://a/small/model.safetensors", 5, 10)).toEqual(middle.subarray(5, 10));
    await hub.list("hf://a/small");
    const [hubs, cdns] = (["hub", "cdn"] as const).map((server) =>
      fake.requests.filter((request) => request.server === server).map(({ authorization }) => authorization),
    );
    expect(new Set(hubs)).toEqual(new Set([`Bearer ${token}`]));
    expect(new Set(cdns)).toEqual(new Set([null]));
    expect(cdns!.length).toBeGreaterThan(0);
  });

  test("stands in no error, nor does a signed address", async () => {
    const { hub } = await openHub(
      { redirectFrom: 1000, behave: ({ server }) => (server === "cdn" ? { kind: "status", status: 400 } : null) },
      { hasToken: true },
    );
    const error = await hub.read("hf://a/small/model.safetensors").catch((error: Error) => error);
    expect(String(error)).toContain("/a/small/resolve/main/model.safetensors, found the answer 400");
    expect(String(error)).not.toMatch(/hf_secret|signature/);
  });
});

describe("what breaks on the way", () => {
  test("is asked for again from the byte where it broke off", async () => {
    const broken: string[] = [];
    const { hub, fake, waits } = await openHub({
      behave: ({ range }) => {
        if (range === "bytes=0-65535" || broken.length === 3) return null;
        broken.push(range!);
        return { kind: "break", afterBytes: 300_000 };
      },
    });
    expect(same(await hub.read("hf://a/small/model.safetensors"), middle)).toBe(true);
    const asked = ranges(fake, "hub").slice(1);
    expect(asked[0]).toBe(`bytes=0-${MiB - 1}`);
    expect(asked).toHaveLength(4);
    const firsts = asked.map((range) => Number(/=(\d+)-/.exec(range!)![1]));
    expect(firsts).toEqual([0, 300_000, 600_000, 900_000]);
    expect(waits).toHaveLength(3);
  });

  test("is given up in a bounded number of tries", async () => {
    const { hub, fake, waits } = await openHub({
      behave: ({ range }) => (range === "bytes=0-65535" ? null : { kind: "break", afterBytes: 10 }),
    });
    await expect(hub.read("hf://a/small/model.safetensors")).rejects.toThrow(
      `The answer of ${fake.endpoint}/a/small/resolve/main/model.safetensors broke off again and again`,
    );
    expect(ranges(fake, "hub")).toHaveLength(7);
    expect(waits).toEqual([250, 500, 1000, 2000, 4000]);
  });

  test("a busy server is asked again when it says, a dead one reported", async () => {
    let failures = 0;
    const { hub, waits } = await openHub({
      behave: (_, path) =>
        path === "empty.txt"
          ? { kind: "status", status: 429, retryAfter: "900" }
          : failures++ < 2
            ? { kind: "status", status: failures === 1 ? 503 : 429, retryAfter: failures === 1 ? undefined : "7" }
            : null,
    });
    expect(await hub.read("hf://a/small/config.json")).toEqual(text('{"a":1}'));
    expect(waits).toEqual([250, 7000]);
    await expect(hub.read("hf://a/small/empty.txt")).rejects.toThrow("asks for fewer requests (429)");
    expect(waits).toHaveLength(2);
  });

  test("a server that falls silent, and one that is not there", async () => {
    const { hub } = await openHub({ behave: () => ({ kind: "silence" }) }, { silenceMs: 30 });
    await expect(hub.read("hf://a/small/config.json")).rejects.toThrow(
      /^No answer from 127\.0\.0\.1:\d+ \(nothing for 0\.03 s\); check the network and the address$/,
    );
    const files = new RemoteFiles({ seesRedirects: true, wait: async () => {} });
    const nowhere = new Hub(files, { endpoint: "http://127.0.0.1:9" });
    await expect(nowhere.read("hf://a/small/config.json")).rejects.toThrow("No answer from 127.0.0.1:9 (");
  });

  test("a file that changes between two reads is not mixed", async () => {
    for (const redirectFrom of [1000, 1e9]) {
      let reads = 0;
      const { hub } = await openHub({
        redirectFrom,
        behave: () => (++reads > 1 ? { kind: "other content" } : null),
        repositories: { "models/a/large": { "model.safetensors": large } },
      });
      const path = "hf://a/large/model.safetensors";
      await hub.read(path, 0, 8);
      // Behind a redirect the Hub's own mark counts, and it is still the same.
      if (redirectFrom === 1000) expect((await hub.read(path, 9 * MiB, 9 * MiB + 1)).length).toBe(1);
      else
        await expect(hub.read(path, 9 * MiB, 9 * MiB + 1)).rejects.toThrow(
          "model.safetensors changed while it was read; start again, and name a commit",
        );
    }
  });

  test("a file that becomes shorter or longer is not mixed", async () => {
    const { hub, fake } = await openHub();
    const path = "hf://a/large/model.safetensors";
    await hub.read(path, 0, 8);
    for (const bytes of [numbers(13 * MiB), numbers(10)]) {
      fake.repositories["models/a/large"]!["model.safetensors"] = bytes;
      await expect(hub.read(path, 11 * MiB, 11 * MiB + 1)).rejects.toThrow("changed while it was read");
    }
  });

  test("a server that knows no ranges gives small files, and a sentence for large ones", async () => {
    const { hub } = await openHub({ behave: () => ({ kind: "whole" }) });
    expect(await hub.read("hf://a/small/model.safetensors", 10, 20)).toEqual(middle.subarray(10, 20));
    await expect(hub.read("hf://a/large/model.safetensors", 0, 8)).rejects.toThrow(
      "Expected a server that sends parts of a file (206), found one that sends all of",
    );
  });
});

describe("what the Hub refuses is reported with what to do there", () => {
  test("a gated repository", async () => {
    const gated = { repository: "models/a/small", token };
    const { hub, fake } = await openHub({ gated });
    const sentence = `The model a/small is gated (401): accept its terms at ${fake.endpoint}/a/small, then set HF_TOKEN`;
    await expect(hub.read("hf://a/small/config.json")).rejects.toThrow(sentence);
    await expect(hub.sizeBytes("hf://a/small/config.json")).rejects.toThrow(sentence);
    await expect(hub.list("hf://a/small")).rejects.toThrow(sentence);
  });

  test("no such repository, revision or file", async () => {
    const { hub, fake } = await openHub();
    const { host } = new URL(fake.endpoint);
    await expect(hub.sizeBytes("hf://a/none/config.json")).rejects.toThrow(
      `${host} has no model a/none that everyone may read (401); check its name, hf://datasets/owner/name where it is a data set, or if it is private set HF_TOKEN`,
    );
    await expect(hub.list("hf://datasets/b/none")).rejects.toThrow(`${host} has no data set b/none that everyone`);
    await expect(hub.sizeBytes("hf://a/small@v9/config.json")).rejects.toThrow(
      'The model a/small has no revision "v9" (404); take a branch such as main, a tag or a commit',
    );
    await expect(hub.read("hf://a/small/confg.json")).rejects.toThrow(
      "The model a/small has no file confg.json at revision main; did you mean config.json?",
    );
  });

  test("a list that goes on elsewhere is not followed, and one that is no list is not read", async () => {
    const answer =
      (body: string, link = "") =>
      async () =>
        new Response(body, { headers: link === "" ? {} : { Link: `<${link}>; rel="next"` } });
    const hubOf = (request: () => Promise<Response>) => new Hub(new RemoteFiles({ seesRedirects: true, request }));
    await expect(hubOf(answer("[]", "https://elsewhere.example/x")).list("hf://a/b")).rejects.toThrow(
      "The list of The model a/b goes on at elsewhere.example, which is not the Hub",
    );
    await expect(hubOf(answer("<html>")).list("hf://a/b")).rejects.toThrow("found a page of HTML");
    await expect(hubOf(answer('{"a":1}')).list("hf://a/b")).rejects.toThrow(
      'Expected a list of files from https://huggingface.co, found {"a":1}',
    );
    await expect(hubOf(answer("[]", "https://huggingface.co/again")).list("hf://a/b")).rejects.toThrow(
      "more than 200 pages",
    );
  });
});

describe("other addresses", () => {
  test("of a page about a file", async () => {
    const page = async () =>
      new Response("<!doctype html>", { headers: { "Content-Type": "text/html; charset=utf-8" } });
    const files = new RemoteFiles({ seesRedirects: true, request: page });
    await expect(files.read("https://huggingface.co/datasets/a/b/blob/main/x.parquet")).rejects.toThrow(
      "found a page; on the Hub, a file's address has /resolve/ where its page has /blob/",
    );
  });

  test("that cannot be one", async () => {
    const files = new RemoteFiles({ seesRedirects: true });
    await expect(files.read("https://")).rejects.toThrow(
      'Expected an address such as https://host/file, found "https://"',
    );
    await expect(files.read("https://me:word@host/x")).rejects.toThrow("without a name and password");
  });

  test("a redirect without an end, and one away from the web", async () => {
    const round = (to: string) =>
      new RemoteFiles({
        seesRedirects: true,
        request: async () => new Response(null, { status: 302, headers: { Location: to } }),
      });
    await expect(round("/again").read("https://host/x")).rejects.toThrow("https://host/x redirects without an end");
    await expect(round("file:///etc/passwd").read("https://host/x")).rejects.toThrow("redirects without an end");
  });
});
