import { expect, test } from "vitest";
import { RemoteFiles } from "../../src/app/network/remote_files.ts";
import { folderFiles } from "../../src/app/web/browser/dropped.ts";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { RunWorker } from "../../src/app/web/worker/run_worker.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeSession } from "../support/fake_session.ts";

const base = new URL("/", location.href).href;

test("a folder that was chosen goes to a worker as handles and is read there by ranges", async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("dropped-test", { create: true });
  const sub = await folder.getDirectoryHandle("data", { create: true });
  const write = async (into: FileSystemDirectoryHandle, name: string, text: string) => {
    const stream = await (await into.getFileHandle(name, { create: true })).createWritable();
    await stream.write(text);
    await stream.close();
  };
  await write(folder, ".hidden", "");
  await write(folder, "README.md", "#");
  await write(sub, "rows.jsonl", '{"question":"What?"}\n');
  try {
    const dropped = new DroppedFiles();
    // What a message to a worker does.
    const found = await dropped.add(structuredClone(await folderFiles(folder)));
    expect(found).toEqual([
      {
        path: "dropped/dropped-test",
        kind: "data",
        usable: true,
        message: "Data: 1 .jsonl file, 21 bytes",
        files: 2,
        sizeBytes: 22,
      },
    ]);
    const platform = openBrowserPlatform(base, dropped);
    expect(await platform.list("dropped/dropped-test")).toEqual(["README.md", "data/rows.jsonl"]);
    expect(await platform.assetSize("dropped/dropped-test/data/rows.jsonl")).toBe(21);
    const part = await platform.readAsset("dropped/dropped-test/data/rows.jsonl", 2, 10);
    expect(new TextDecoder().decode(part)).toBe("question");
    expect(await platform.assetSize("dropped/dropped-test/none")).toBeNull();
    expect(platform.addressOf("dropped/dropped-test@main/x")).toBeNull();
  } finally {
    await root.removeEntry("dropped-test", { recursive: true });
  }
});

test("a model that is dropped again is opened again", async () => {
  const given = ["config.json", "tokenizer.json"].map((name) => ({ path: `m/${name}`, file: new File(["{}"], name) }));
  const dropped = new DroppedFiles();
  let opened = 0;
  const worker = new RunWorker(
    openBrowserPlatform(base, dropped),
    async (platform, config) => {
      opened++;
      expect(await platform.assetSize(`${config.model}/tokenizer.json`)).toBe(2);
      return fakeSession(config);
    },
    dropped,
  );
  const config = resolveConfig({ model: "dropped/m" });
  expect(await worker.drop(given)).toMatchObject([{ path: "dropped/m", usable: false }]);
  for (let i = 0; i < 2; i++) await worker.open(config, { trace: false });
  expect(opened).toBe(1);
  await worker.drop(given);
  await worker.open(config, { trace: false });
  expect(opened).toBe(2);
});

test("the page reads another address by ranges, beside what lies with it", async () => {
  const platform = openBrowserPlatform(base);
  const address = new URL("/needle/config.json", base).href;
  expect(platform.addressOf(address)).toBe(address);
  expect(platform.addressOf("owner/name@main/config.json")).toBe(
    "https://huggingface.co/owner/name/resolve/main/config.json",
  );
  const whole = new Uint8Array(await (await fetch(address)).arrayBuffer());
  expect(await platform.assetSize(address)).toBe(whole.length);
  expect(await platform.readAsset(address, 3, 40)).toEqual(whole.slice(3, 40));
  expect(await platform.list("needle")).toBeNull();
});

test("the page tells a server that keeps it out from one that is not there", async () => {
  const modes: (string | undefined)[] = [];
  const files = (isThere: boolean) =>
    new RemoteFiles({
      seesRedirects: false,
      wait: async () => {},
      request: async (_, { mode }) => {
        modes.push(mode);
        if (mode === "no-cors" && isThere) return new Response();
        throw new TypeError("Failed to fetch");
      },
    });
  await expect(files(true).read("https://data.example/x.parquet?key=1")).rejects.toThrow(
    "data.example answers but does not let this page read https://data.example/x.parquet (CORS); download the file and drop it here",
  );
  expect(modes).toEqual([undefined, "no-cors"]);
  await expect(files(false).read("https://data.example/x.parquet")).rejects.toThrow(
    crossOriginIsolated
      ? "No answer from data.example that this page may read (Failed to fetch); check the network and the address, and if they are right the server keeps pages out (CORS)"
      : "No answer from data.example (Failed to fetch); check the network and the address",
  );
});

test("a connection that breaks after the page could read its server is tried again, not taken for a ban", async () => {
  let asked = 0;
  const files = new RemoteFiles({
    seesRedirects: false,
    wait: async () => {},
    request: async (_, { headers, mode }) => {
      expect(mode).toBeUndefined();
      if (++asked === 2) throw new TypeError("Failed to fetch");
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec((headers as Record<string, string>).Range ?? "")!;
      const length = Math.min(Number(to) + 1, 300_000) - Number(from);
      return new Response(new Uint8Array(length), {
        status: 206,
        headers: { "Content-Range": `bytes ${from}-${Number(from) + length - 1}/300000`, ETag: '"1"' },
      });
    },
  });
  const read = await files.read("https://data.example/x.parquet", 200_000, 300_000);
  expect(read).toHaveLength(100_000);
  await files.read("https://data.example/x.parquet", 0, 300_000);
  expect(asked).toBeGreaterThan(2);
});
