import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readZip, unpackWhole } from "../../../src/app/archive/zip_reader.ts";
import { writeZip } from "../../../src/app/archive/zip_writer.ts";
import { parseArguments } from "../../../src/app/deno/command_line/arguments.ts";
import { runCommand } from "../../../src/app/deno/commands/commands.ts";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { entries } from "../../../src/app/deno/storage/durable_files.ts";
import { configText } from "../../../src/app/run/record.ts";
import { runSources } from "../../../src/app/run/run_sources.ts";
import { blobBytes } from "../../../src/tasks/byte_source.ts";
import { checkpointFiles } from "../../../src/train/checkpoint.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import { linesOf, loggedEvents } from "../../support/logged_run.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir();
  await makeRun();
});
afterEach(() => Deno.remove(folder, { recursive: true }));

const read = (path: string): Promise<string> => Deno.readTextFile(`${folder}/${path}`);

/** A run of two steps over local rows, with a checkpoint. */
async function makeRun(): Promise<void> {
  await Deno.mkdir(`${folder}/rows/pictures`, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/rows/rows.jsonl`,
    '{"image":"pictures/a.png","question":"q","answer":"1"}\n{"image":"pictures/b.png","question":"q","answer":"2"}\n',
  );
  for (const name of ["a", "b", "unused"])
    await Deno.writeTextFile(`${folder}/rows/pictures/${name}.png`, `picture ${name}`);
  const data = `${folder}/rows/rows.jsonl`;
  const config = resolveConfig({ steps: 4, data });
  const sources = await runSources(config, await openDenoPlatform(false));
  await Deno.mkdir(`${folder}/run/checkpoint`, { recursive: true });
  await Deno.writeTextFile(`${folder}/run/config.json`, configText(config, sources));
  const events = loggedEvents.map((event) => (event.type === "run" ? { ...event, config, sources } : event));
  await Deno.writeTextFile(`${folder}/run/events.jsonl`, `${linesOf(events).join("\n")}\n`);
  const values = [{ name: "w", shape: [2], values: new Float32Array([1, 2]) }];
  const files = checkpointFiles({ step: 2, config, weights: values, optimizer: { step: 2, m: values, v: values } });
  for (const { name, bytes } of files) await Deno.writeFile(`${folder}/run/checkpoint/${name}`, bytes);
}

async function run(line: string): Promise<{ code: number; lines: string[] }> {
  const parsed = parseArguments(line.replaceAll("FOLDER", folder).split(" "));
  if (parsed.help) throw new Error("not a command to run");
  const lines: string[] = [];
  const never = () => {
    throw new Error("neither needs a model on a GPU");
  };
  const code = await runCommand(parsed, {
    terminal: { print: (text) => lines.push(text.replaceAll(folder, "FOLDER")), progress: () => {} },
    openPlatform: openDenoPlatform,
    openSession: never,
    compileKernels: never,
    compilers: never,
    stopping: () => false,
    untilStopped: () => new Promise(() => {}),
    dist: folder,
  });
  return { code, lines };
}

test("a run goes out as one file and comes back as it was, where its data lies where it lay", async () => {
  const packed = await run("pack FOLDER/run --out FOLDER/run.zip");
  expect(packed.code).toBe(0);
  expect(packed.lines[0]).toMatch(/^FOLDER\/run\.zip: .* kB: settings, log, its checkpoint of step 2$/);
  expect(packed.lines[1]).toMatch(/^Without its data \(.+\), which --pictures takes along$/);
  const { lines } = await run("unpack FOLDER/run.zip --out FOLDER/back");
  expect(lines).toEqual([
    "The run run is in FOLDER/back, its checkpoint is of step 2",
    "Go on with: npm run saccade -- train --resume FOLDER/back",
  ]);
  for (const file of ["config.json", "events.jsonl", "checkpoint/trainer_state.json", "checkpoint/model.safetensors"])
    expect(await read(`back/${file}`)).toBe(await read(`run/${file}`));
});

test("data travels by choice: what its rows name, and every file of the run then says where it lies", async () => {
  await run("pack FOLDER/run --pictures --out FOLDER/run.zip");
  await Deno.remove(`${folder}/rows`, { recursive: true });
  await run("unpack FOLDER/run.zip --out FOLDER/back");
  const data = `${folder}/back/files/data/rows.jsonl`;
  const config = JSON.parse(await read("back/config.json"));
  expect(config.data).toBe(data);
  expect(config.sources.map((print: { path: string }) => print.path)).toContain(data);
  expect(JSON.parse((await read("back/events.jsonl")).split("\n")[0]!).config.data).toBe(data);
  expect(JSON.parse(await read("back/checkpoint/trainer_state.json")).config.data).toBe(data);
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${folder}/back/files/data/pictures`)) names.push(name);
  expect(names.sort()).toEqual(["a.png", "b.png"]);
  // The fingerprint is the same wherever the files lie
  const own = await runSources({ data, model: "", adapter: "" }, await openDenoPlatform(false));
  expect(own[0]!.hash).toBe(config.sources.find((print: { knob: string }) => print.knob === "data").hash);
});

test("unpack takes another place for what did not travel, where it holds the same", async () => {
  await run("pack FOLDER/run --out FOLDER/run.zip");
  await Deno.rename(`${folder}/rows`, `${folder}/elsewhere`);
  await run("unpack FOLDER/run.zip --out FOLDER/back --data FOLDER/elsewhere/rows.jsonl");
  expect(JSON.parse(await read("back/config.json")).data).toBe(`${folder}/elsewhere/rows.jsonl`);
  await Deno.writeTextFile(`${folder}/elsewhere/pictures/a.png`, "another");
  await expect(run("unpack FOLDER/run.zip --out FOLDER/other --data FOLDER/elsewhere/rows.jsonl")).rejects.toThrow(
    /does not hold the data of the run.*a\.png.*name the run's own by --data/,
  );
  await expect(Deno.stat(`${folder}/other`)).rejects.toThrow();
});

test("addresses leave without what may let somebody in", async () => {
  const config = resolveConfig({ steps: 4, adapter: "https://me:word@host.example/a?token=hush" });
  await Deno.writeTextFile(`${folder}/run/config.json`, configText(config));
  await Deno.writeTextFile(
    `${folder}/run/events.jsonl`,
    `${linesOf(loggedEvents.map((event) => (event.type === "run" ? { ...event, config } : event))).join("\n")}\n`,
  );
  await run("pack FOLDER/run --no-checkpoint --out FOLDER/run.zip");
  await run("unpack FOLDER/run.zip --out FOLDER/back");
  for (const file of ["config.json", "events.jsonl"]) {
    expect(await read(`back/${file}`)).toContain('https://host.example/a"');
    expect(await read(`back/${file}`)).not.toMatch(/hush|word@/);
  }
});

test.each([
  ["pack FOLDER/run --out FOLDER/run", "--out is a file that ends in .zip"],
  ["pack FOLDER/rows --out FOLDER/a.zip", "found no config.json in it"],
  ["pack FOLDER/run", "saccade pack needs --out"],
  ["unpack FOLDER/none.zip --out FOLDER/back", "Expected a run file at"],
  ["unpack FOLDER/run --out FOLDER/back", "found a folder; it is unpacked already"],
  ["unpack FOLDER/rows/rows.jsonl --out FOLDER/back", "Expected a zip archive in rows.jsonl, found none"],
  ["unpack FOLDER/run.zip --out FOLDER/rows", "Expected an empty or new folder"],
])("%s", async (line, message) => {
  await expect(run(line)).rejects.toThrow(message);
});

const other = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text), deflate: false });
const head = JSON.stringify(loggedEvents[0]);

test.each([
  [[], "Expected a run in a.zip, a folder with config.json and events.jsonl, found nothing"],
  [[other("x.txt", "x")], "found x.txt"],
  [[other("config.json", "{"), other("events.jsonl", head)], "a.zip: config.json: expected a JSON object"],
  [[other("config.json", "{}"), other("events.jsonl", "x")], "Line 1 of events.jsonl in a.zip is not JSON"],
  [
    [
      other("a/config.json", "{}"),
      other("a/events.jsonl", head),
      other("b/config.json", "{}"),
      other("b/events.jsonl", head),
    ],
    "found 2",
  ],
  [
    [other("config.json", "{}"), other("events.jsonl", head), other("checkpoint/model.safetensors", "x")],
    "The checkpoint in a.zip is damaged: trainer_state.json: expected this file",
  ],
])("an archive that holds no whole run is refused, and nothing is written (%#)", async (files, message) => {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeZip(files, new Date())) pieces.push(piece);
  await Deno.writeFile(`${folder}/a.zip`, new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()));
  await expect(run("unpack FOLDER/a.zip --out FOLDER/back")).rejects.toThrow(message);
  await expect(Deno.stat(`${folder}/back`)).rejects.toThrow();
});

test("where the run and a model that goes along lay is not said in what leaves", async () => {
  const model = `${folder}/secret-place/mine`;
  await Deno.mkdir(model, { recursive: true });
  await Deno.writeTextFile(`${model}/config.json`, "{}");
  const config = resolveConfig({ steps: 4, model });
  const saved = { type: "checkpoint", step: 2, path: `${folder}/run` } as const;
  const events = loggedEvents.map((event) =>
    event.type === "run" ? { ...event, config, model: { name: model, parameters: 1 } } : event,
  );
  await Deno.writeTextFile(`${folder}/run/config.json`, configText(config));
  await Deno.writeTextFile(`${folder}/run/events.jsonl`, `${linesOf([...events, saved]).join("\n")}\n`);
  await run("pack FOLDER/run --no-checkpoint --model-files --out FOLDER/run.zip");
  const text = new TextDecoder().decode(await unpacked(`${folder}/run.zip`));
  expect(text).toContain('"name":"mine"');
  expect(text).toContain('"path":"run"');
  expect(text).not.toContain(folder);
});

/** All that an archive holds. */
async function unpacked(path: string): Promise<Uint8Array> {
  const source = blobBytes("a.zip", new Blob([await Deno.readFile(path)]));
  const parts = await Promise.all((await readZip(source)).map((file) => unpackWhole(source, file, 2 ** 24)));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

test("what fails half-way leaves the folder as it was, and an archive's judge is named", async () => {
  await run("pack FOLDER/run --out FOLDER/run.zip");
  await Deno.mkdir(`${folder}/mine`);
  const bytes = await Deno.readFile(`${folder}/run.zip`);
  const source = blobBytes("run.zip", new Blob([bytes]));
  const files = [];
  const hidden = [];
  for (const one of await readZip(source)) {
    const content = await unpackWhole(source, one, 2 ** 20);
    const judged = JSON.stringify({ ...resolveConfig({}), judge: "hardened", judgeUrl: "http://there.example/v1" });
    files.push({
      name: one.name,
      bytes: one.name === "run/config.json" ? new TextEncoder().encode(judged) : content,
      deflate: false,
    });
    // Settings without a judge beside a checkpoint with one.
    hidden.push({
      name: one.name,
      bytes: one.name.endsWith("trainer_state.json")
        ? new TextEncoder().encode(
            new TextDecoder()
              .decode(content)
              .replace(/"judge": ?"rules"/, '"judge":"hardened"')
              .replace(/"judgeUrl": ?""/, '"judgeUrl":"http://hidden.example/v1"'),
          )
        : content,
      deflate: false,
    });
  }
  files.push({ name: "run/files/late.txt", bytes: new TextEncoder().encode("late content"), deflate: false });
  const written: Uint8Array[] = [];
  for await (const piece of writeZip(files, new Date(2026, 10, 28))) written.push(piece);
  const whole = new Uint8Array(await new Blob(written as BlobPart[]).arrayBuffer());
  await Deno.writeFile(`${folder}/judged.zip`, whole);
  const { lines } = await run("unpack FOLDER/judged.zip --out FOLDER/judged");
  expect(lines).toContain("Its judge is at http://there.example/v1: who goes on with the run sends answers there");
  Deno.env.set("SACCADE_JUDGE_KEY", "secret");
  try {
    const meant = "to which the key in SACCADE_JUDGE_KEY would be sent; add --judge-url http://there.example/v1";
    await expect(run("train --resume FOLDER/judged")).rejects.toThrow(meant);
    // Named, or without a key, it goes on to the GPU.
    const named = "train --resume FOLDER/judged --judge-url http://there.example/v1";
    await expect(run(named)).rejects.not.toThrow(meant);
    const pieces: Uint8Array[] = [];
    for await (const piece of writeZip(hidden, new Date(2026, 10, 28))) pieces.push(piece);
    await Deno.writeFile(`${folder}/hidden.zip`, new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()));
    expect((await run("unpack FOLDER/hidden.zip --out FOLDER/hidden")).lines).toContain(
      "Its judge is at http://hidden.example/v1: who goes on with the run sends answers there",
    );
    await expect(run("export --from FOLDER/hidden --out FOLDER/exported")).rejects.toThrow(
      "add --judge-url http://hidden.example/v1",
    );
    Deno.env.delete("SACCADE_JUDGE_KEY");
    await expect(run("train --resume FOLDER/judged")).rejects.not.toThrow(meant);
  } finally {
    Deno.env.delete("SACCADE_JUDGE_KEY");
  }
  const at = new TextDecoder("latin1").decode(whole).indexOf("late content");
  whole[at]! ^= 1;
  await Deno.writeFile(`${folder}/damaged.zip`, whole);
  for (const out of ["mine", "new"])
    await expect(run(`unpack FOLDER/damaged.zip --out FOLDER/${out}`)).rejects.toThrow(
      "damaged content in run/files/late.txt",
    );
  for await (const { name } of Deno.readDir(`${folder}/mine`)) throw new Error(`${name} is left`);
  await expect(Deno.stat(`${folder}/new`)).rejects.toThrow();
});

const files = (Deno as unknown as { FsFile: { prototype: { write(bytes: Uint8Array): Promise<number> } } }).FsFile
  .prototype;

test("a full disk is said, leaves nothing, and what a process left that died is in nobody's way", async () => {
  await Deno.writeTextFile(`${folder}/run.zip.writing`, "of a process that died");
  const refused = vi
    .spyOn(files, "write")
    .mockRejectedValue(Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }));
  const sentence = /^Cannot write .*: the disk is full; nothing is left there, free some space and try again$/;
  await expect(run("pack FOLDER/run --out FOLDER/run.zip")).rejects.toThrow(sentence);
  refused.mockRestore();
  expect((await entries(folder)).sort()).toEqual(["rows", "run"]);
  await run("pack FOLDER/run --out FOLDER/run.zip");
  // As where files may not grow any further: Deno has no code for that.
  const write = files.write;
  const grown = vi.spyOn(files, "write").mockImplementation(function (this: unknown, bytes) {
    return bytes.length > 64 ? Promise.reject(new Error("File too large (os error 27)")) : write.call(this, bytes);
  });
  await expect(run("unpack FOLDER/run.zip --out FOLDER/again")).rejects.toThrow(sentence);
  grown.mockRestore();
  expect((await entries(folder)).sort()).toEqual(["rows", "run", "run.zip"]);
  // A lock of nobody and a checkpoint that was not whole, as a process leaves them that is killed.
  await Deno.mkdir(`${folder}/again/checkpoint.writing`, { recursive: true });
  await Deno.writeTextFile(`${folder}/again/lock`, "");
  expect((await run("unpack FOLDER/run.zip --out FOLDER/again")).code).toBe(0);
});
