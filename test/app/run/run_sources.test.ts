import { afterEach, describe, expect, test } from "vitest";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { NetworkFiles } from "../../../src/app/network/network_files.ts";
import { atCommits } from "../../../src/app/run/at_commits.ts";
import { hashOf, localLimits } from "../../../src/app/run/content_hash.ts";
import { checkSources, runSources } from "../../../src/app/run/run_sources.ts";
import { DroppedFiles } from "../../../src/app/web/browser/dropped_files.ts";
import type { Platform } from "../../../src/platform.ts";
import { otherSources, readFingerprints } from "../../../src/tasks/fingerprint.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { dataBytes } from "../../support/data_files.ts";
import { droppedPlatform } from "../../support/dropped_platform.ts";
import { type FakeHub, firstCommit, openFakeHub } from "../../support/fake_hub.ts";

const text = (content: string) => new TextEncoder().encode(content);
const rows = [0, 1, 2, 3]
  .map((i) => JSON.stringify({ image: `pictures/${i}.png`, question: `Which ${i}?`, answer: `${i}` }))
  .join("\n");
const folder = (changes: Record<string, string | null> = {}): Record<string, string> => {
  const files: Record<string, string | null> = { "rows.jsonl": rows, ...changes };
  for (let i = 0; i < 4; i++)
    files[`pictures/${i}.png`] ??= changes[`pictures/${i}.png`] === null ? null : `picture ${i}`;
  return Object.fromEntries(Object.entries(files).filter(([, content]) => content !== null)) as Record<string, string>;
};

/** A platform on which these files were dropped in a folder. */
async function droppedFolder(files: Record<string, string | Uint8Array<ArrayBuffer>>, name = "d"): Promise<Platform> {
  const dropped = new DroppedFiles();
  await dropped.add(
    Object.entries(files).map(([path, content]) => ({ path: `${name}/${path}`, file: new File([content], path) })),
  );
  return droppedPlatform(dropped);
}

const dataOf = async (platform: Platform, data = "dropped/d") => runSources({ data, model: "", adapter: "" }, platform);

describe("a folder of rows and pictures", () => {
  test("is identified by every byte of its rows and their pictures, and by nothing else", async () => {
    const [print] = await dataOf(await droppedFolder(folder()));
    expect(print).toMatchObject({ knob: "data", part: "rows", files: 5, covers: "all bytes" });
    expect(print!.listed.map(({ name }) => name)).toEqual([
      "rows.jsonl",
      ...[0, 1, 2, 3].map((i) => `pictures/${i}.png`),
    ]);
    const found = async (changes: Record<string, string | null>) =>
      otherSources([print!], await dataOf(await droppedFolder(folder(changes))));
    expect(await found({})).toBeNull();
    expect(await found({ "README.md": "#", "pictures/unused.png": "x" })).toBeNull();
    expect(await found({ "pictures/2.png": "picture 9" })).toMatch(
      /; pictures\/2.png has the same size and other content$/,
    );
    expect(await found({ "pictures/2.png": null })).toMatch(/; pictures\/2.png is missing$/);
    expect(await found({ "rows.jsonl": rows.replace('"answer":"3"', '"answer":"4"') })).toMatch(
      /; rows.jsonl has the same size and other content$/,
    );
    expect(await found({ "rows.jsonl": `${rows}\n${rows}` })).toMatch(/; rows.jsonl had 247 bytes and has 495$/);
    expect(await found({ "more.jsonl": rows })).toMatch(
      /found more.jsonl, rows.jsonl, pictures\/0.png and 3 more files/,
    );
    expect(await found({ "pictures/0.png": "picture 1", "pictures/1.png": "picture 0" })).toMatch(
      /; pictures\/0.png has/,
    );
  });

  test("is the same on disk, dropped, and as a file of it", async () => {
    const path = await Deno.makeTempDir();
    await Deno.mkdir(`${path}/pictures`);
    for (const [name, content] of Object.entries(folder())) await Deno.writeTextFile(`${path}/${name}`, content);
    const disk = await openDenoPlatform(false);
    const dropped = await dataOf(await droppedFolder(folder()));
    for (const data of [path, `${path}/`, `${path}/rows.jsonl`]) {
      const found = await dataOf(disk, data);
      expect(otherSources(dropped, found)).toBeNull();
      expect(found[0]!.listed).toEqual(dropped[0]!.listed);
    }
    await Deno.remove(path, { recursive: true });
  });

  test("is read once: no picture is read to find out which there are", async () => {
    const inRow = `data:image/png;base64,${btoa("picture in the row")}`;
    const more = `${rows}\n${JSON.stringify({ image: inRow, question: "?", answer: "1" })}`;
    const platform = await droppedFolder(folder({ "rows.jsonl": more }));
    const reads: string[] = [];
    const counting: Platform = {
      ...platform,
      readAsset: (path, startByte, endByte) => {
        if (path.endsWith(".png")) reads.push(path);
        return platform.readAsset(path, startByte, endByte);
      },
    };
    const [print] = await dataOf(counting);
    expect(print).toMatchObject({ files: 5, covers: "all bytes" });
    expect(reads.sort()).toEqual([0, 1, 2, 3].map((i) => `dropped/d/pictures/${i}.png`));
  });

  test("of many rows is identified by some of the pictures, and says so", async () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify({ image: `${i}.png`, question: "?", answer: "1" }),
    );
    const files: Record<string, string> = { "rows.jsonl": many.join("\n") };
    for (let i = 0; i < 5000; i++) files[`${i}.png`] = String(i);
    const [print] = await dataOf(await droppedFolder(files));
    expect(print).toMatchObject({ files: 4097, covers: "samples" });
    expect(print!.listed.length).toBe(24);
  });
});

test("a parquet file is identified by its bytes, without its rows being read one by one", async () => {
  const bytes = await dataBytes("vstar.parquet");
  const prints = await dataOf(await droppedFolder({ "vstar.parquet": bytes }));
  expect(prints[0]).toMatchObject({ files: 1, sizeBytes: bytes.length, covers: "all bytes" });
  const other = bytes.slice();
  other[bytes.length >> 1]! ^= 1;
  expect(otherSources(prints, await dataOf(await droppedFolder({ "vstar.parquet": other })))).toContain(
    "vstar.parquet has",
  );
});

test("a small file's hash is the SHA-256 of its bytes; a large one's is of pieces or ranges", async () => {
  const bytes = new Uint8Array(20 * 2 ** 20).map((_, i) => (i * i) >> 7);
  const reads: number[] = [];
  const platform = {
    ...droppedPlatform(new DroppedFiles()),
    readAsset: async (_: string, start = 0, end = bytes.length) => {
      reads.push(end - start);
      return bytes.slice(start, end);
    },
  } as Platform;
  const hash = (size: number, fileBytes: number) =>
    hashOf(platform, { path: "x", sizeBytes: size }, { ...localLimits, fileBytes });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.subarray(0, 1000)));
  expect(await hash(1000, 1e9)).toBe(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  const [whole, some] = [await hash(bytes.length, 1e9), await hash(bytes.length, 1e6)];
  expect(reads.slice(-66).reduce((a, b) => a + b)).toBe(2 * 2 ** 20 + 64 * 2 ** 16);
  bytes[bytes.length - 5]! ^= 1;
  expect(await hash(bytes.length, 1e9)).not.toBe(whole);
  // The end is among the ranges.
  expect(await hash(bytes.length, 1e6)).not.toBe(some);
});

describe("a stored run", () => {
  const model = (weights: string, config = "{}") => ({
    "config.json": config,
    "preprocessor_config.json": "{}",
    "tokenizer.json": "{}",
    "model.safetensors": weights,
  });
  const config = resolveConfig({ model: "dropped/m" });
  const lora = resolveConfig({ model: "dropped/m", loraRank: 8 });
  const kl = resolveConfig({ model: "dropped/m", klLossCoef: 0.1 });

  test("needs its model's weights where they are read again, and always the rest", async () => {
    const before = await droppedFolder(model("one"), "m");
    const stored = await runSources(lora, before);
    const weights = await droppedFolder(model("two"), "m");
    const settings = await droppedFolder(model("one", '{"a":1}'), "m");
    for (const wanted of [config, lora, kl])
      expect(await checkSources(wanted, stored, before)).toEqual({ sources: stored, notice: null });
    await checkSources(config, stored, weights);
    const sentence = "dropped/m does not hold the weights of the model: expected model.safetensors, 3 bytes (SHA-256 ";
    for (const wanted of [lora, kl]) await expect(checkSources(wanted, stored, weights)).rejects.toThrow(sentence);
    for (const wanted of [config, lora, kl])
      await expect(checkSources(wanted, stored, settings)).rejects.toThrow("does not hold the settings of the model");
    await expect(checkSources(config, stored, droppedPlatform(new DroppedFiles()))).rejects.toThrow(
      "The model of this run (m) was dropped in an earlier visit; drop the same files here again: config.json, preprocessor_config.json, tokenizer.json",
    );
  });

  test("from before fingerprints goes on, is reported, and is checked from then on", async () => {
    const platform = await droppedFolder(folder());
    const wanted = resolveConfig({ data: "dropped/d", model: "none" });
    const { sources, notice } = await checkSources(wanted, undefined, platform);
    expect(notice).toBe(
      "This run was stored before its files were: whether dropped/d is what it was made with could not be checked",
    );
    expect(sources).toEqual(await dataOf(platform));
    const generated = await checkSources(config, undefined, await droppedFolder(model("one"), "m"));
    expect(generated.notice).toBeNull();
  });

  test("reads its fingerprints from JSON, and leaves out what is none", () => {
    const print = {
      knob: "data",
      part: "rows",
      path: "x",
      files: 1,
      sizeBytes: 2,
      hash: "h",
      covers: "all bytes",
      listed: [],
    };
    expect(readFingerprints(JSON.parse(JSON.stringify([print, null, 3, { ...print, hash: 4 }])))).toEqual([print]);
    expect(readFingerprints(undefined)).toBeUndefined();
    expect(readFingerprints("x")).toBeUndefined();
  });
});

describe("behind an address", () => {
  let hub: FakeHub | null = null;
  afterEach(async () => hub?.close());

  const open = async (files: Record<string, Uint8Array>, redirectFrom?: number) => {
    hub = await openFakeHub({ repositories: { "models/o/m": files, "datasets/o/d": files }, redirectFrom });
    return hub;
  };
  /** A platform of its own: nothing is kept of earlier reads. */
  const platformOf = (fake: FakeHub): Platform => {
    const network = new NetworkFiles({ endpoint: fake.endpoint, seesRedirects: true });
    const place = (path: string) => NetworkFiles.path(path) ?? path;
    return {
      name: "deno",
      gpu: null,
      gpuMissing: "",
      assetSize: (path) => network.sizeBytes(place(path)),
      readAsset: (path, start, end) => network.read(place(path), start, end),
      list: (path) => network.list(place(path)),
      addressOf: (path) => network.addressOf(place(path)),
      versionOf: (path) => network.version(place(path)),
    };
  };
  const named = (data: string, model = "", adapter = "") => ({ data, model, adapter });

  test("a branch of the Hub is stored as its commit, and read at that from then on", async () => {
    const fake = await open({ "config.json": text("{}"), "rows.jsonl": text(rows) });
    const wanted = named("o/d@main, hf://datasets/o/d/rows.jsonl,local.jsonl", "o/m@main", "hf://o/m");
    const stored = await atCommits(wanted, platformOf(fake));
    expect(stored).toEqual({
      data: `o/d@${firstCommit},hf://datasets/o/d@${firstCommit}/rows.jsonl,local.jsonl`,
      model: `o/m@${firstCommit}`,
      adapter: `hf://o/m@${firstCommit}`,
    });
    expect(await atCommits(stored, platformOf(fake))).toEqual(stored);
    // The branch moves on; the commit stays.
    fake.revisions.main = "2".repeat(40);
    fake.revisions.old = firstCommit;
    const later = await atCommits(named("", "o/m@main"), platformOf(fake));
    expect(later.model).toBe(`o/m@${"2".repeat(40)}`);
    const platform = platformOf(fake);
    expect(await platform.assetSize(`${stored.model}/config.json`)).toBe(2);
    expect(fake.requests.at(-1)!.url).toContain(firstCommit);
    const before = fake.requests.length;
    const prints = await runSources(named(`o/d@${firstCommit}`, stored.model), platform);
    expect(prints.map(({ hash, listed }) => [hash.length, listed[0]!.hash])).toEqual([
      [64, firstCommit],
      [64, firstCommit],
    ]);
    expect(fake.requests.length).toBe(before);
  });

  test("a file is identified by its content, and where that is not read by the server's mark", async () => {
    const small = text(rows.replaceAll("pictures/", ""));
    const large = new Uint8Array(await dataBytes("vstar.parquet"));
    const fake = await open({ "rows.jsonl": small, "vstar.parquet": large });
    const at = (name: string) => `${fake.endpoint}/datasets/o/d/resolve/main/${name}`;
    for (const name of ["rows.jsonl", "vstar.parquet"]) {
      const stored = await runSources(named(at(name)), platformOf(fake));
      expect(stored[0]!.listed[0]!.name).toBe(name);
      expect(otherSources(stored, await runSources(named(at(name)), platformOf(fake)))).toBeNull();
      const files = fake.repositories["datasets/o/d"]!;
      const before = files[name]!;
      files[name] = before.slice();
      files[name]![name === "rows.jsonl" ? before.length - 3 : before.length >> 1]! ^= 1;
      expect(otherSources(stored, await runSources(named(at(name)), platformOf(fake)))).toContain(
        `${name} has the same size and other content`,
      );
      files[name] = before;
    }
  });
});
