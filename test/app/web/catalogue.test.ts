import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { hubModels, shippedModels } from "../../../src/app/web/models/catalogue.ts";
import { withModel } from "../../../src/app/web/models/model_control.ts";
import { parameterCount } from "../../../src/model/config.ts";
import { readConfig } from "../../../src/model/families/read_files.ts";
import { families, modelShapes, publishedFiles } from "../../../src/model/families/table.ts";
import { resolveConfig } from "../../../src/train/config.ts";

test("the sizes of models on the Hub are those that their configurations make", () => {
  for (const { name, parameters, weightsBytes } of hubModels) {
    const { config, preprocessor } = publishedFiles(name.replace(/@main$/, ""))!;
    expect(parameterCount(modelShapes(readConfig(config, preprocessor, ""))), name).toBe(parameters);
    expect(weightsBytes).toBe(2 * parameters);
  }
  // All whose sizes are known can be chosen.
  const published = families.flatMap((family) => Object.keys(family.published));
  expect(hubModels.map(({ name }) => name.replace(/@main$/, "")).sort()).toEqual(published.sort());
});

test("the sizes of shipped models are those of their files", () => {
  for (const { name, weightsBytes } of shippedModels)
    expect(statSync(new URL(`../../../public/${name}/model.safetensors`, import.meta.url)).size).toBe(weightsBytes);
});

test("a model of the Hub brings what it needs, and leaves settings that were made for such a one", () => {
  const needle = resolveConfig({});
  expect(withModel(needle, "story")).toEqual({ model: "story" });
  const changes = withModel(needle, "a/b@main");
  expect(changes).toMatchObject({ model: "a/b@main", loraRank: 16, prompt: "deepeyes", tasksPerRoll: 1 });
  expect(() => resolveConfig({ ...needle, ...changes })).not.toThrow();
  expect(withModel(resolveConfig({ loraRank: 4 }), "a/b@main").loraRank).toBe(4);
  expect(withModel(resolveConfig({ preset: "verl-7b" }), "a/b@main")).toEqual({ model: "a/b@main" });
});
