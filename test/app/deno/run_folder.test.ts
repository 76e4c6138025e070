import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createRunFolder,
  expectNewFolder,
  readRunCheckpoints,
  resumeRunFolder,
  writeNewFolder,
} from "../../../src/app/deno/storage/run_folder.ts";

let folder: string;
beforeEach(async () => {
  folder = `${await Deno.makeTempDir()}/run`;
});
afterEach(() => Deno.remove(folder.slice(0, -4), { recursive: true }));

const files = (text: string) => [
  { name: "a.bin", bytes: new TextEncoder().encode(text) },
  { name: "b.json", bytes: new TextEncoder().encode("{}") },
];
const textOf = (found: { name: string; bytes: Uint8Array }[] | null) =>
  found && new TextDecoder().decode(found[0]?.bytes);
const names = async (path: string) => {
  const found: string[] = [];
  for await (const entry of Deno.readDir(path)) found.push(entry.name);
  return found.sort();
};
async function started(): Promise<Awaited<ReturnType<typeof createRunFolder>>> {
  const store = await createRunFolder(folder);
  await store.writeConfig('{"seed": 1}');
  return store;
}

test("a run is written and read again", async () => {
  const store = await started();
  expect(await store.readLog()).toBe("");
  expect(await store.readCheckpoint()).toBeNull();
  await store.appendLog(['{"a":1}', '{"b":2}']);
  await store.appendLog([]);
  await store.appendLog(['{"c":3}']);
  await store.writeCheckpoint(files("one"));
  await store.writeCheckpoint(files("two"));
  await store.close();
  expect(await names(folder)).toEqual(["checkpoint", "checkpoint.previous", "config.json", "events.jsonl"]);

  const again = await resumeRunFolder(folder);
  expect(await again.readConfig()).toBe('{"seed": 1}');
  expect(await again.readLog()).toBe('{"a":1}\n{"b":2}\n{"c":3}\n');
  expect(await again.readCheckpoint()).toEqual(files("two"));
  expect(await again.readPrevious!()).toEqual(files("one"));
  await again.replaceLog('{"a":1}\n');
  expect(await again.readLog()).toBe('{"a":1}\n');
  expect(await names(folder)).not.toContain("events.cut.jsonl");
  await again.replaceLog('{"b":1}\n', '{"a":1}');
  await again.replaceLog("", '{"b":1}\n');
  expect(await Deno.readTextFile(`${folder}/events.cut.jsonl`)).toBe('{"a":1}\n{"b":1}\n');
  await again.takePrevious!();
  expect(textOf(await again.readCheckpoint())).toBe("one");
  expect(await again.readPrevious!()).toBeNull();
  await again.close();
});

test("a new run begins neither in a run nor among other things", async () => {
  await (await started()).close();
  await (await resumeRunFolder(folder)).appendLog(["{}"]);
  await expect(createRunFolder(folder)).rejects.toThrow(
    `${folder} holds a run already; go on with it by --resume ${folder}`,
  );
  const parent = folder.slice(0, -4);
  await expect(createRunFolder(parent)).rejects.toThrow(
    `Expected an empty or new folder, found 1 entries in ${parent} (run)`,
  );
  await expect(writeNewFolder(parent, files("x"))).rejects.toThrow("Expected an empty or new folder");
  expect(await names(parent)).toEqual(["run"]);
});

test("resuming needs a run", async () => {
  await expect(resumeRunFolder(folder)).rejects.toThrow(`Expected a run in ${folder}, found nothing`);
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/notes`, "");
  await expect(resumeRunFolder(folder)).rejects.toThrow("found no config.json");
  expect(await names(folder)).toEqual(["notes"]);
});

test("a second writer is refused, and leaves the first in peace", async () => {
  const store = await started();
  await expect(resumeRunFolder(folder)).rejects.toThrow(
    `Another process (${Deno.pid} on ${Deno.hostname()}) is writing the run`,
  );
  await store.appendLog(["{}"]);
  await store.close();
  await (await resumeRunFolder(folder)).close();
});

test("the lock of a dead process, or one cut off while it was written, is taken over", async () => {
  await (await started()).close();
  for (const stale of [JSON.stringify({ pid: 2 ** 30, host: Deno.hostname() }), "", '{"pid": 12']) {
    await Deno.writeTextFile(`${folder}/lock`, stale);
    const store = await resumeRunFolder(folder);
    expect(JSON.parse(await Deno.readTextFile(`${folder}/lock`)).pid).toBe(Deno.pid);
    await store.close();
  }
  expect(await names(folder)).toEqual(["config.json"]);
});

test("a lock counts for nothing after the machine was started anew, or where its number is another process's", async () => {
  const host = Deno.hostname();
  const boot = (await Deno.readTextFile("/proc/sys/kernel/random/boot_id")).trim();
  await (await started()).close();
  for (const stale of [
    { pid: Deno.pid, host, boot: "another" },
    { pid: Deno.pid, host, boot, began: "1" },
    // A container of this machine that had another name.
    { pid: 2 ** 30, host: "elsewhere", boot },
  ]) {
    await Deno.writeTextFile(`${folder}/lock`, JSON.stringify(stale));
    await (await resumeRunFolder(folder)).close();
  }
  await Deno.writeTextFile(`${folder}/lock`, JSON.stringify({ pid: Deno.pid, host, boot }));
  await expect(resumeRunFolder(folder)).rejects.toThrow(`Another process (${Deno.pid} on ${host})`);
});

test("a process that has ended holds no lock, also where its parent has not noticed", async () => {
  await (await started()).close();
  // The shell becomes `sleep`, which never looks after its child.
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 0.2 & exec sleep 30"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let child = 0;
  for (let tries = 0; child === 0 && tries < 500; tries++) {
    const children = await Deno.readTextFile(`/proc/${parent.pid}/task/${parent.pid}/children`);
    const [pid] = children.trim().split(" ").map(Number);
    if (pid && (await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "")).includes(") Z")) child = pid;
    else await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(child).toBeGreaterThan(0);
  await Deno.writeTextFile(`${folder}/lock`, JSON.stringify({ pid: child, host: Deno.hostname() }));
  await (await resumeRunFolder(folder)).close();
  Deno.kill(parent.pid, "SIGKILL");
  await parent.output();
});

test("a folder that holds the lock of a dead process only can be written anew", async () => {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/lock`, JSON.stringify({ pid: 2 ** 30, host: Deno.hostname() }));
  await Deno.writeTextFile(`${folder}/config.json.writing`, "{");
  await expect(resumeRunFolder(folder)).rejects.toThrow("found no config.json; check --resume, or begin a run with");
  await Deno.remove(`${folder}/config.json.writing`);
  await expect(resumeRunFolder(folder)).rejects.toThrow("found only a lock; check --resume, or begin a run with");
  await expectNewFolder(folder);
  const store = await started();
  await expect(createRunFolder(folder)).rejects.toThrow("holds a run already");
  await store.close();
  expect(await names(folder)).toEqual(["config.json"]);
});

test("of several that take over a dead lock at the same time, one has it", async () => {
  await (await started()).close();
  for (let round = 0; round < 10; round++) {
    await Deno.writeTextFile(`${folder}/lock`, JSON.stringify({ pid: 2 ** 30, host: Deno.hostname() }));
    const tried = await Promise.allSettled(Array.from({ length: 8 }, () => resumeRunFolder(folder)));
    const had = tried.filter((one) => one.status === "fulfilled");
    expect(had.length).toBe(1);
    for (const one of tried)
      if (one.status === "rejected") expect(one.reason.message).toContain(`Another process (${Deno.pid} on`);
    await had[0]!.value.close();
  }
});

test("a lock from another machine is not judged by this machine's processes", async () => {
  await (await started()).close();
  await Deno.writeTextFile(`${folder}/lock`, JSON.stringify({ pid: 2 ** 30, host: "elsewhere" }));
  await expect(resumeRunFolder(folder)).rejects.toThrow("on elsewhere) is writing the run");
});

test("wherever a process dies while it writes a checkpoint, a whole one is found", async () => {
  const store = await started();
  await store.writeCheckpoint(files("old"));
  await store.close();
  const place = (name: string) => `${folder}/checkpoint${name}`;
  const write = async (name: string, text: string) => {
    await Deno.mkdir(place(name));
    for (const file of files(text)) await Deno.writeFile(`${place(name)}/${file.name}`, file.bytes);
  };
  const reopened = async () => {
    // A process that only reads sees the same as one that goes on.
    const seen = textOf((await readRunCheckpoints(folder))[0]!);
    const again = await resumeRunFolder(folder);
    const found = textOf(await again.readCheckpoint());
    await again.close();
    const after = await names(folder);
    expect(after.filter((name) => name !== "checkpoint.previous")).toEqual(["checkpoint", "config.json"]);
    return [seen, found];
  };
  await Deno.mkdir(place(".writing"));
  await Deno.writeTextFile(`${place(".writing")}/a.bin`, "ne");
  expect(await reopened()).toEqual(["old", "old"]);

  await write(".whole", "new");
  expect((await reopened())[1]).toBe("new");

  await Deno.remove(place(".previous"), { recursive: true });
  await Deno.rename(place(""), place(".previous"));
  await write(".whole", "newer");
  expect(await reopened()).toEqual(["newer", "newer"]);

  await Deno.remove(place(".previous"), { recursive: true });
  await Deno.rename(place(""), place(".previous"));
  expect(await reopened()).toEqual(["newer", "newer"]);
});

test("a full disk is reported in one sentence, and the checkpoint stands", async () => {
  const store = await started();
  await store.writeCheckpoint(files("old"));
  await Deno.symlink("/dev/full", `${folder}/events.jsonl`);
  await expect(store.appendLog(["{}"])).rejects.toThrow(
    `Cannot write the log in ${folder}: the disk is full; free some space and go on with --resume ${folder}`,
  );
  expect(textOf(await store.readCheckpoint())).toBe("old");
  await store.close();
});

test("a failed checkpoint leaves the one before", async () => {
  const store = await started();
  await store.writeCheckpoint(files("old"));
  // A name twice: the second file cannot be created, as if the disk had refused it.
  await expect(store.writeCheckpoint([...files("new"), ...files("new")])).rejects.toThrow(
    `Cannot write the checkpoint in ${folder}`,
  );
  expect(textOf(await store.readCheckpoint())).toBe("old");
  // What was begun would be in the way of everything else on a full disk.
  expect(await names(folder)).not.toContain("checkpoint.writing");
  await store.writeCheckpoint(files("new"));
  expect(textOf(await store.readCheckpoint())).toBe("new");
  await store.close();
});

test("a file where a folder is expected", async () => {
  await Deno.writeTextFile(folder, "");
  await expect(createRunFolder(`${folder}/inside`)).rejects.toThrow("a file stands where a folder is expected");
  await expect(createRunFolder(folder)).rejects.toThrow("a file stands where a folder is expected");
});
