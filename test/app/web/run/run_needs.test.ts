import { describe, expect, test } from "vitest";
import { lookupOf } from "../../../../src/app/web/run/lookup.ts";
import { needsOf } from "../../../../src/app/web/run/run_needs.ts";
import { emptyRun } from "../../../../src/app/web/run/run_state.ts";
import type { Replay } from "../../../../src/app/web/run/store.ts";
import { resolveConfig } from "../../../../src/train/config.ts";

const needs = (data: string, model = "needle") => needsOf({ data, model });

describe("what a run needs beside its events", () => {
  test.each([
    ["", { kind: "here" }],
    ["vstar.parquet", { kind: "files", names: ["vstar.parquet"] }],
    ["runs/data/vstar.parquet, C:\\data\\chart.parquet", { kind: "files", names: ["vstar.parquet", "chart.parquet"] }],
    ["/data/scenes/", { kind: "files", names: ["scenes"] }],
    ["dropped/7 files", { kind: "files", names: ["7 files"] }],
    // Under the name of a drop nothing is fetched, whatever it looks like.
    ["dropped/owner/name@main", { kind: "files", names: ["name@main"] }],
    ["//elsewhere.invalid/a.parquet", { kind: "files", names: ["a.parquet"] }],
    ["https://a.invalid/x.csv", { kind: "elsewhere", addresses: ["https://a.invalid/x.csv", "https://a.invalid/…"] }],
    ["https://a.invalid/x.csv, local.csv", { kind: "files", names: ["local.csv"] }],
  ])("data %j", (data, place) => {
    expect(needs(data).data).toEqual(place);
  });

  test("says why where an address is none", () => {
    expect(needs("https://a.invalid/x.csv,hf://datasets/owner").data).toMatchObject({
      kind: "unreadable",
      why: expect.stringContaining("no owner and name of a repository"),
    });
  });

  test.each([
    ["needle", "here"],
    ["story", "here"],
    ["trained-here/needle-seed-1-examples-800000", "here"],
    ["trained-here/../x", "files"],
    ["constructor", "files"],
    ["dropped/mine", "files"],
    ["models/first", "files"],
    ["//elsewhere.invalid/m", "files"],
    ["Qwen/Qwen2.5-VL-7B-Instruct@main", "elsewhere"],
    ["hf://Qwen/Qwen2.5-VL-7B-Instruct", "elsewhere"],
    ["HTTP://a.invalid/model", "elsewhere"],
  ])("model %j is %s", (model, kind) => {
    expect(needs("", model).model.kind).toBe(kind);
  });
});

describe("what is looked up of the run that is shown", () => {
  const address = "https://a.invalid/x.parquet";
  const config = (data: string, model = "needle") => resolveConfig({ data, model });
  const replay = (changes: Partial<Replay> = {}): Replay => ({
    name: "x",
    link: "file:x",
    origin: "file",
    begun: "",
    about: null,
    state: emptyRun,
    steps: 0,
    playing: false,
    files: [],
    unreadKnobs: new Set(),
    savedStep: null,
    standIns: { data: null, model: null },
    ...changes,
  });
  const nobody = new Set<string>();

  test("all of a live run and of one that was started here", () => {
    const remote = config(address, "owner/name@main");
    expect(lookupOf(remote, null, nobody)).toMatchObject({ pictures: remote, texts: "owner/name@main", addresses: [] });
    expect(lookupOf(remote, replay({ origin: "stored" }), nobody)).toMatchObject({ addresses: [], noPicture: null });
  });

  test("of a file, what was agreed to", () => {
    expect(lookupOf(config(address), replay(), nobody)).toMatchObject({
      pictures: null,
      texts: "needle",
      addresses: [address],
      noPicture: "The picture is at an address that has not been agreed to",
    });
    expect(lookupOf(config(address), replay(), new Set([address])).pictures?.data).toBe(address);
    // Another address later in the log is asked for by itself.
    expect(lookupOf(config("https://b.invalid/y.parquet"), replay(), new Set([address])).addresses).toEqual([
      "https://b.invalid/y.parquet",
    ]);
  });

  test("of local files, what was given; addresses beside them are not asked for", () => {
    const mixed = config(`${address},local.parquet`, "models/first");
    expect(lookupOf(mixed, replay({ files: ["x.parquet", "local.parquet"] }), nobody)).toMatchObject({
      pictures: null,
      texts: null,
      addresses: [],
      dataFiles: ["x.parquet", "local.parquet"],
      modelFolder: "first",
    });
    const given = replay({ standIns: { data: "dropped/local.parquet", model: null } });
    expect(lookupOf(mixed, given, nobody).pictures).toEqual({ ...mixed, data: "dropped/local.parquet", model: "" });
    const both = replay({ standIns: { data: "dropped/local.parquet", model: "dropped/first" } });
    expect(lookupOf(mixed, both, nobody)).toMatchObject({
      texts: "dropped/first",
      pictures: { model: "dropped/first" },
    });
  });

  test("no scenes that would be others than the run had", () => {
    const lookup = lookupOf(config(""), replay({ unreadKnobs: new Set(["objects", "steps"]) }), nobody);
    expect(lookup).toMatchObject({
      pictures: null,
      noPicture: "The log does not say what its pictures were made with (objects)",
    });
  });
});
