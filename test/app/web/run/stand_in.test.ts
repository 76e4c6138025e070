import { beforeAll, describe, expect, test } from "vitest";
import { DroppedFiles } from "../../../../src/app/web/browser/dropped_files.ts";
import { differenceFromLog, rowOf, tasksByFile } from "../../../../src/app/web/run/stand_in.ts";
import { DataWorker } from "../../../../src/app/web/worker/data_worker.ts";
import type { Task } from "../../../../src/tasks/task.ts";
import { resolveConfig } from "../../../../src/train/config.ts";
import { dataBytes } from "../../../support/data_files.ts";
import { droppedPlatform } from "../../../support/dropped_platform.ts";

const config = resolveConfig({ data: "runs/vstar.parquet" });
let worker: DataWorker;
let dropped: DroppedFiles;
/** What a log has of the first rows. */
let tasks: Task[];

beforeAll(async () => {
  dropped = new DroppedFiles();
  worker = new DataWorker(droppedPlatform(dropped));
  const file = (name: string, bytes: BlobPart) => ({ path: name, file: new File([bytes], name) });
  await dropped.add([file("vstar.parquet", await dataBytes("vstar.parquet"))]);
  await dropped.add([file("chart.parquet", await dataBytes("chart.parquet"))]);
  await dropped.add([{ ...file("vstar.parquet", await dataBytes("thinklite.parquet")), path: "other/vstar.parquet" }]);
  tasks = [];
  for (const row of [0, 3, 7]) {
    const { asked, pictures } = await worker.row(
      { data: "dropped/vstar.parquet", source: 0, index: row },
      config,
      false,
    );
    tasks.push({
      id: `vstar.parquet/${row}`,
      source: "vstar.parquet",
      question: asked!.question,
      answer: asked!.answer,
      imageSizesPx: pictures.map(({ sourceWidth: width, sourceHeight: height }) => ({ width, height })),
    });
  }
});

const differs = (data: string, of: readonly Task[] = tasks) => differenceFromLog(worker, config, of, data);

describe("files in the place of those that a run had", () => {
  test("are taken where their rows are what the log says", async () => {
    expect(await differs("dropped/vstar.parquet")).toBeNull();
    expect(await differs("dropped/chart.parquet,dropped/vstar.parquet")).toBeNull();
  });

  test("are refused where the file is another, however it is named", async () => {
    expect(await differs("dropped/chart.parquet")).toBe(
      "The run has tasks of vstar.parquet, and what was dropped holds chart.parquet; drop vstar.parquet as well",
    );
    expect(await differs("dropped/other", tasks.slice(0, 2))).toMatch(
      /^Row 0 of the dropped vstar\.parquet is another one than the run/,
    );
    expect(await differs("dropped/nothing.parquet")).toContain("Expected a file dropped/nothing.parquet, found none");
  });

  test.each<[string, (task: Task) => Task, RegExp]>([
    [
      "a row that is not there",
      (task) => ({ ...task, id: "vstar.parquet/11" }),
      /has used row 11 of vstar\.parquet, and the dropped file has 11 rows/,
    ],
    ["another question", (task) => ({ ...task, question: "Who?" }), /it asks “.+”, the log “Who\?”/],
    ["another answer", (task) => ({ ...task, answer: "No one" }), /its answer is “.+”, in the log “No one”/],
    ["another number of pictures", (task) => ({ ...task, imageSizesPx: [] }), /it has 1 picture, in the log 0/],
    [
      "a picture of another size",
      (task) => ({ ...task, imageSizesPx: [{ width: 600, height: 500 }] }),
      /its picture is \d+ × \d+, in the log 600 × 500/,
    ],
  ])("%s", async (_, change, sentence) => {
    expect(await differs("dropped/vstar.parquet", [tasks[0]!, change(tasks[1]!)])).toMatch(sentence);
  });

  test("what was left out of the log tells nothing", async () => {
    const unread = { ...tasks[0]!, question: "(left out)", answer: "(left out)" };
    expect(await differs("dropped/vstar.parquet", [unread])).toBeNull();
  });
});

test("a task's id names its file and row", () => {
  expect(rowOf("a/b.parquet/12")).toEqual({ file: "a/b.parquet", row: 12 });
  for (const id of ["", "12", "/12", "a.parquet/", "a.parquet/-1", "a.parquet/1.5", `a/${"9".repeat(30)}`])
    expect(rowOf(id)).toBeNull();
  expect([...tasksByFile(tasks).keys()]).toEqual(["vstar.parquet"]);
});
