import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { families } from "../../../src/model/families/table.ts";

const root = new URL("../../../src/", import.meta.url);
const own = "model/families/";
const sources = readdirSync(root, { recursive: true })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.tsx?$/.test(path));
const folders = readdirSync(new URL(own, root), { recursive: true }).filter((path) => !/[./\\]/.test(path));

test("every family has a folder of its name and a place in the table", () => {
  expect(families.map(({ modelType }) => modelType).sort()).toEqual(folders.sort());
});

test("no file asks which family a model is of, and only the table imports one", () => {
  expect(sources.length).toBeGreaterThan(300);
  for (const path of sources) {
    const text = readFileSync(new URL(path, root), "utf8");
    const inFamily = folders.find((folder) => path.startsWith(`${own}${folder}/`));
    for (const folder of folders) {
      if (folder === inFamily) continue;
      expect(text.includes(`"${folder}"`), `${path} names ${folder}`).toBe(false);
      if (path !== `${own}table.ts`) expect(text.includes(`${folder}/`), `${path} imports from ${folder}`).toBe(false);
    }
  }
});
