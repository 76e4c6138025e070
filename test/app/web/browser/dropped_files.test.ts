import { describe, expect, test } from "vitest";
import { chosenFiles, droppedFiles } from "../../../../src/app/web/browser/dropped.ts";
import { DroppedFiles } from "../../../../src/app/web/browser/dropped_files.ts";
import type { GivenFile } from "../../../../src/app/worker_api/dropped_folder.ts";

const given = (path: string, content: string | Uint8Array<ArrayBuffer> = "x"): GivenFile => ({
  path,
  file: new File([content], path.split("/").at(-1)!),
});
const model = (folder: string, ...names: string[]) => [
  given(`${folder}config.json`, '{"model_type":"qwen3_vl"}'),
  ...["tokenizer.json", "preprocessor_config.json", ...names].map((name) => given(`${folder}${name}`)),
];
const described = async (...files: GivenFile[]) =>
  (await new DroppedFiles().add(files)).map(({ path, kind, usable, message }) => [path, kind, usable, message]);

describe("what a person drops is", () => {
  test("read slice by slice, listed and replaced by name", async () => {
    const dropped = new DroppedFiles();
    const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
    await dropped.add([given("m/a.bin", bytes), given("m/sub/b.txt", "b"), given("one.parquet", "pq")]);
    expect(dropped.sizeBytes("dropped/m/a.bin")).toBe(100);
    expect(await dropped.read("dropped/m/a.bin", 10, 13)).toEqual(bytes.slice(10, 13));
    expect((await dropped.read("dropped/m/a.bin", 98, 200)).length).toBe(2);
    expect(dropped.list("dropped/m")).toEqual(["a.bin", "sub/b.txt"]);
    expect(dropped.list("dropped/m/sub/")).toEqual(["b.txt"]);
    expect(dropped.list("dropped/one.parquet")).toBeNull();
    expect(dropped.sizeBytes("dropped/one.parquet")).toBe(2);
    await dropped.add([given("m/c.txt")]);
    expect(dropped.list("dropped/m")).toEqual(["c.txt"]);
    expect(dropped.sizeBytes("dropped/m/a.bin")).toBeNull();
    await expect(dropped.read("dropped/m/a.bin")).rejects.toThrow(
      "Expected dropped/m/a.bin, found no such file among what was dropped in this visit; drop its folder here again",
    );
  });

  test("never read whole: a slice is as large as what was asked for", async () => {
    const sizes: number[] = [];
    const file = new File([new Uint8Array(1000)], "big.safetensors");
    const slice = file.slice.bind(file);
    file.slice = (start, end) => {
      sizes.push(end! - start!);
      return slice(start, end);
    };
    file.arrayBuffer = async () => {
      throw new Error("read whole");
    };
    const dropped = new DroppedFiles();
    await dropped.add([{ path: "m/big.safetensors", file }]);
    expect((await dropped.read("dropped/m/big.safetensors", 5, 25)).length).toBe(20);
    expect(sizes).toEqual([20]);
  });

  test("said to have changed, where the browser does not give it any more", async () => {
    const file = new File(["x"], "a");
    file.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) as Blob;
    const dropped = new DroppedFiles();
    await dropped.add([{ path: "m/a", file }]);
    await expect(dropped.read("dropped/m/a")).rejects.toThrow(
      "dropped/m/a was changed, moved or removed since it was dropped (gone); drop its folder here again",
    );
  });

  test("refused where a path leaves its folder, and where there is nothing", async () => {
    await expect(described(given("m/../x"))).rejects.toThrow('found "m/../x"');
    await expect(described()).rejects.toThrow("Expected files or a folder, found none");
  });
});

describe("what was found is said", () => {
  test("a model, in one file, in shards, or in a folder of a folder", async () => {
    expect(await described(...model("m/", "model.safetensors"))).toEqual([
      ["dropped/m", "model", true, "A model, 1 bytes of weights in one file"],
    ]);
    const index = given("m/model.safetensors.index.json", '{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}');
    expect(await described(...model("m/", "1.safetensors", "2.safetensors"), index)).toEqual([
      ["dropped/m", "model", true, "A model, 2 bytes of weights in 2 files"],
    ]);
    expect(await described(...model("m/", "1.safetensors"), index)).toEqual([
      ["dropped/m", "model", false, "A model without 2.safetensors; drop the whole folder"],
    ]);
    expect((await described(...model("run/export/", "model.safetensors")))[0]![0]).toBe("dropped/run/export");
    // Loose files of one model.
    expect((await described(...model("", "model.safetensors")))[0]).toEqual([
      "dropped/4 files",
      "model",
      true,
      "A model, 1 bytes of weights in one file",
    ]);
  });

  test("a model as transformers 5 writes it, and one with the parts of its tokenizer", async () => {
    const files = (...names: string[]) =>
      names.map((name) => given(`m/${name}`, name === "config.json" ? '{"model_type":"x"}' : "x"));
    for (const names of [
      ["tokenizer.json", "processor_config.json"],
      ["vocab.json", "merges.txt", "preprocessor_config.json"],
    ])
      expect((await described(...files("config.json", "model.safetensors", ...names)))[0]!.slice(1, 3)).toEqual([
        "model",
        true,
      ]);
    expect((await described(...files("config.json", "model.safetensors", "vocab.json")))[0]![3]).toBe(
      "A model without tokenizer.json, preprocessor_config.json; drop the whole folder",
    );
  });

  test("what a model lacks", async () => {
    expect(await described(given("m/config.json", '{"model_type":"x"}'))).toEqual([
      [
        "dropped/m",
        "model",
        false,
        "A model without model.safetensors, tokenizer.json, preprocessor_config.json; drop the whole folder",
      ],
    ]);
    expect((await described(...model("m/", "pytorch_model.bin")))[0]![3]).toBe(
      "A model without model.safetensors: .bin files are not read, save the model with safetensors",
    );
  });

  test("an adapter", async () => {
    const config = given("a/adapter_config.json", "{}");
    expect(await described(config, given("a/adapter_model.safetensors", new Uint8Array(2_345_678)))).toEqual([
      ["dropped/a", "adapter", true, "A PEFT adapter, 2.35 MB"],
    ]);
    expect((await described(config, given("a/adapter_model.bin")))[0]!.slice(2)).toEqual([
      false,
      "A PEFT adapter without adapter_model.safetensors: adapter_model.bin is not read, save it with safetensors",
    ]);
  });

  test("data, beside other things", async () => {
    expect(await described(given("one.parquet"))).toEqual([
      ["dropped/one.parquet", "data", true, "Data: 1 .parquet file, 1 bytes"],
    ]);
    expect(await described(given("d, 2/list.jsonl"), given("d, 2/p/1.png"), given("d, 2/p/2.JPG"))).toEqual([
      ["dropped/d_ 2", "data", true, "Data: 1 .jsonl file, 1 bytes, beside 2 pictures"],
    ]);
    const both = await described(given("d/a.parquet"), given("d/b.parquet"), ...model("d/m/", "model.safetensors"));
    expect(both.map(([path, kind]) => [path, kind])).toEqual([
      ["dropped/d/m", "model"],
      ["dropped/d", "data"],
    ]);
  });

  test("and what is none of these", async () => {
    const rest = async (...files: GivenFile[]) => {
      const [[, kind, usable, message]] = (await described(...files)) as [[string, string, boolean, string]];
      expect([kind, usable]).toEqual(["other", false]);
      return message.slice(message.indexOf("found"));
    };
    expect(await rest(given("a.txt"))).toBe("found a.txt");
    expect(await rest(given("d/a.txt"), given("d/b.txt"))).toBe("found 2 other files such as a.txt");
    expect(await rest(given("model.safetensors"))).toBe("found weights alone; drop the whole folder");
    expect(await rest(given("d/1.png"))).toBe("found 1 picture without a .jsonl or .csv file that describes them");
    // A run's own settings are no model's.
    expect(await rest(given("run/config.json", '{"preset":"needle"}'))).toBe("found config.json");
  });
});

describe("the page collects", () => {
  const fileEntry = (name: string): unknown => ({
    name,
    isFile: true,
    file: (give: (file: File) => void) => give(new File(["x"], name)),
  });
  const folderEntry = (name: string, inside: unknown[]): unknown => ({
    name,
    isFile: false,
    createReader: () => {
      const left = [...inside];
      return { readEntries: (give: (entries: unknown[]) => void) => give(left.splice(0, 100)) };
    },
  });
  const transfer = (...entries: unknown[]) =>
    ({
      items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })),
      files: [],
    }) as unknown as DataTransfer;

  test("folders whole, a hundred entries at a time, without what hides in them", async () => {
    const many = Array.from({ length: 250 }, (_, i) => fileEntry(`${i}.png`));
    const found = await droppedFiles(
      transfer(
        folderEntry("d", [...many, fileEntry(".DS_Store"), folderEntry(".git", [fileEntry("config.json")])]),
        fileEntry("e.csv"),
      ),
    );
    expect(found).toHaveLength(251);
    expect(found.map(({ path }) => path)).toEqual([...many.map((_, i) => `d/${i}.png`), "e.csv"]);
  });

  test("chosen folders by the paths that the browser gives them", () => {
    const file = (webkitRelativePath: string) =>
      Object.defineProperty(new File([], webkitRelativePath.split("/").at(-1)!), "webkitRelativePath", {
        value: webkitRelativePath,
      });
    const files = [file("m/config.json"), file("m/.cache/x"), new File([], "loose.csv")];
    expect(chosenFiles(files).map(({ path }) => path)).toEqual(["m/config.json", "loose.csv"]);
  });
});
