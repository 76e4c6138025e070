import { expect, test } from "vitest";
import { connect } from "../../src/app/web/connect.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeDataFiles } from "../support/fake_data.ts";

const api = connect((error) => {
  throw error;
});

test("data is looked at in the worker, as files are dropped", async () => {
  const given = (await fakeDataFiles()).filter(({ path }) => path.startsWith("deepeyes/"));
  expect(await api.drop(given)).toMatchObject([{ path: "dropped/deepeyes", kind: "data", usable: true, files: 3 }]);
  const { sources, problems } = await api.data.open("dropped/deepeyes,dropped/nothing.parquet");
  expect(sources.map(({ name, rows }) => [name, rows])).toEqual([
    ["chart.parquet", 3],
    ["thinklite.parquet", 7],
    ["vstar.parquet", 11],
  ]);
  expect(problems).toHaveLength(1);
  const config = resolveConfig({ prompt: "deepeyes" });
  const place = { data: "dropped/deepeyes,dropped/nothing.parquet", source: 2, index: 0 };
  const { card, prompt, shown } = await api.data.details(place, config, true);
  expect(card.asked).toMatchObject({ dataSource: "vstar", envName: "visual_toolbox_v2" });
  expect(card.promptTokens).toBe(prompt!.tokens.length);
  expect(prompt!.texts.join("")).toMatch(/^<\|im_start\|>system\n.*<\|im_start\|>assistant\n$/s);
  expect([shown[0]!.width, shown[0]!.height]).toEqual([160, 120]);
  // What a task of that row shows is what the run has
  const task = { id: "vstar.parquet/0", source: "vstar.parquet", question: "", answer: "", imageSizesPx: [] };
  const [picture] = await api.pictures(task, resolveConfig({ data: "dropped/deepeyes" }));
  expect([picture!.width, picture!.height]).toEqual([160, 120]);
});

test("a judge is tested from the worker, with a key that it does not give back", async () => {
  const judgeUrl = "http://127.0.0.1:9/v1";
  await api.judge.setKey("a-secret", "http://127.0.0.1:9");
  const found = await api.judge.test(resolveConfig({ judge: "hardened", judgeUrl }));
  expect(found).toMatchObject({ state: "no_answer", usable: false, model: null });
  expect(JSON.stringify(found)).not.toContain("a-secret");
  await expect(api.judge.test(resolveConfig({}))).rejects.toThrow("The rules need no server");
  await expect(api.judge.nextAudit()).rejects.toThrow("No audit is under way");
});
