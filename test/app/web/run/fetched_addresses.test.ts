import { describe, expect, test } from "vitest";
import {
  dataAddresses,
  isOpenable,
  runAddresses,
  tokenizerAddresses,
} from "../../../../src/app/web/run/fetched_addresses.ts";

const hub = "https://huggingface.co";

describe("what would be fetched", () => {
  test("for data: files by their address, a data set by its list first", () => {
    expect(dataAddresses("https://example.org/a.parquet?x=1, dropped/b.parquet")).toEqual([
      "https://example.org/a.parquet?x=1",
    ]);
    expect(dataAddresses("owner/name@main")).toEqual([
      `${hub}/api/datasets/owner/name/tree/main?recursive=true`,
      `${hub}/datasets/owner/name/resolve/main/…`,
    ]);
    expect(dataAddresses("hf://datasets/owner/name@v1/data/a.parquet")).toEqual([
      `${hub}/datasets/owner/name/resolve/v1/data/a.parquet`,
    ]);
    // A JSONL or CSV file has its pictures beside it.
    expect(dataAddresses("https://example.org/scenes/list.jsonl?x=1/2")).toEqual([
      "https://example.org/scenes/list.jsonl?x=1/2",
      "https://example.org/scenes/…",
    ]);
    expect(dataAddresses("")).toEqual([]);
  });

  test("for a model's tokens, and for a run; nothing for what is here", () => {
    const model = "Qwen/Qwen2.5-VL-7B-Instruct@main";
    expect(tokenizerAddresses(model)).toEqual([
      `${hub}/Qwen/Qwen2.5-VL-7B-Instruct/resolve/main/tokenizer.json`,
      `${hub}/Qwen/Qwen2.5-VL-7B-Instruct/resolve/main/…`,
    ]);
    expect(runAddresses({ model, adapter: "dropped/a@b", data: "owner/name@main" })).toEqual([
      `${hub}/Qwen/Qwen2.5-VL-7B-Instruct/resolve/main/…`,
      `${hub}/api/datasets/owner/name/tree/main?recursive=true`,
      `${hub}/datasets/owner/name/resolve/main/…`,
    ]);
    for (const name of ["needle", "trained-here/needle-seed-1-examples-800000", "dropped/my model@2"])
      expect(tokenizerAddresses(name)).toEqual([]);
    expect(runAddresses({ model: "needle", adapter: "", data: "dropped/folder" })).toEqual([]);
  });

  test("is known before a button can be pressed", () => {
    for (const text of ["owner/name@main", "https://example.org/a.csv", "dropped/a, owner/name@v2"])
      expect(isOpenable(text)).toBe(true);
    for (const text of ["", "owner/name", "a.parquet", "owner/name@main, b"]) expect(isOpenable(text)).toBe(false);
  });
});
