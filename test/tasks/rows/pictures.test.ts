import { describe, expect, test } from "vitest";
import { ParquetTable } from "../../../src/tasks/parquet/table.ts";
import { deepEyesRows } from "../../../src/tasks/rows/deepeyes.ts";
import { folderRows } from "../../../src/tasks/rows/folder.ts";
import { lookAt } from "../../../src/tasks/sources/file_tasks.ts";
import { counted, recipeSettings } from "../../support/data_files.ts";
import { readBytes } from "../../support/png.ts";

const fault = (name: string) => readBytes(new URL(`../../golden/faults/${name}`, import.meta.url));
const png = await fault("image-null-images-list/a.png");
const base64 = btoa(String.fromCharCode(...png));

const readPicture = async (path: string) => {
  if (path !== "a.png" && path !== "b/a.png" && !/^p\d\.png$/.test(path)) throw new Error(`no ${path}`);
  return png;
};
const jsonl = (...rows: object[]) =>
  folderRows(
    {
      name: "l.jsonl",
      bytes: new TextEncoder().encode(
        rows.map((row) => JSON.stringify({ question: "Q?", answer: "A", ...row })).join("\n"),
      ),
    },
    readPicture,
  );
const look = async (row: object) => (await lookAt(jsonl(row), 0, recipeSettings)).found;

describe("a row's picture is found", () => {
  test.each([
    [{ image: null, images: ["a.png"] }],
    [{ image: "", images: ["a.png"] }],
    [{ image: [], images: [{ path: "a.png" }] }],
    [{ image: "a.png", images: null }],
    [{ image: "a.png", images: ["a.png"] }],
    [{ image: "./b//a.png" }],
    [{ image: { path: "a.png", bytes: null } }],
    [{ image: { bytes: base64, path: null } }],
    [{ images: [{ image: "a.png" }] }],
    [{ image: { type: "image_url", image_url: { url: `data:image/png;base64,${base64}` } } }],
    [{ image: `data:image/png;base64,${base64}` }],
    [{ image: `DATA:image/png;charset=x;base64,${base64}` }],
    [{ images: [base64] }],
    [{ image: { bytes: null, path: null }, images: ["a.png"] }],
    [{ image: "a.png", images: [null] }],
  ])("%#", async (row) => {
    const { skip, pictures } = await look(row);
    expect(skip).toBeNull();
    expect(pictures.map(({ width }) => width)).toEqual([53]);
  });

  test("as the handed file has it", async () => {
    const bytes = await fault("image-null-images-list/rows.jsonl");
    const source = folderRows({ name: "rows.jsonl", bytes }, readPicture);
    for (let i = 0; i < 3; i++) expect(await (await source.row(i)).pictures()).toEqual([png]);
  });
});

describe("or the row is left out with the true reason", () => {
  test.each([
    [{ image: "a.png", images: ["a.png", "a.png"] }, "different ones in both"],
    [{ image: "file:///tmp/a.png" }, 'inside the folder, found "file:///tmp/a.png"'],
    [{ image: { path: "file://a.png" } }, "inside the folder"],
    [{ image: "/tmp/a.png" }, "inside the folder"],
    [{ image: "b/../../a.png" }, "inside the folder"],
    [{ image: "%2e%2E/a.png" }, "inside the folder"],
    [{ image: "b%2f..%2fa.png" }, "inside the folder"],
    [{ image: "a.png\u0000.jpg" }, "inside the folder"],
    [{ image: "HTTP://there/a.png" }, "inside the folder"],
    [{ images: [{ url: "https://there/a.png" }] }, "inside the folder"],
    [{ images: ["a.png", null] }, "images 1: expected a picture, or its path in the folder, found none"],
    [{ images: [null] }, "images: expected a picture, or its path in the folder, found none"],
    [{ images: new Array(257).fill("a.png") }, "at most 256 pictures, found 257"],
    [{ images: [["a.png"]] }, "expected a picture, or its path"],
    [{ image: 7 }, "found 7"],
    [{ image: { bytes: [1, 2] } }, "bytes in base64, found [1,2]"],
    [{ image: "data:text/html,hello" }, "expected a data: URL of a picture"],
    [{ image: "data:image/png;base64,%%%" }, "expected a picture in base64"],
    [{ image_path: "a.png" }, "found one in image_path; rename it"],
    [{ file_name: "b/a.jpeg" }, "found one in file_name"],
    [{ photo: { path: "a.webp" } }, "found one in photo"],
    [{ pictures: [base64] }, "found one in pictures"],
    [{ image: "b.png" }, "no b.png"],
  ])("%j", async (row, why) => {
    expect((await look(row)).skip).toMatchObject({ kind: "picture unreadable", why: expect.stringContaining(why) });
  });

  test("a column that differs in its case alone", async () => {
    expect((await look({ Image: "a.png" })).skip).toEqual({
      kind: "row unreadable",
      why: 'l.jsonl, row 0: expected the column image in small letters, found "Image"; rename it',
    });
    const csv = { name: "a.csv", bytes: new TextEncoder().encode("question,answer,IMAGES \nQ,A,a.png\n") };
    expect(() => folderRows(csv, readPicture)).toThrow('expected the column images in small letters, found "IMAGES"');
  });

  test("a key or a column that stands twice", async () => {
    const twice = new TextEncoder().encode(
      '{"question":"Q?","answer":"A","answ\\u0065r":"B"}\n{"question":"Q?","answer":"A","x":{"a":1},"y":{"a":1}}',
    );
    const source = folderRows({ name: "l.jsonl", bytes: twice }, readPicture);
    await expect(source.row(0)).rejects.toThrow(
      'l.jsonl, line 1: expected a JSON object, found the key "answer" twice',
    );
    expect((await source.row(1)).answer).toBe("A");
    const csv = { name: "a.csv", bytes: new TextEncoder().encode("question,answer,answer\nQ,A,B\n") };
    expect(() => folderRows(csv, readPicture)).toThrow(
      'a.csv: expected columns of different names, found "answer" twice',
    );
  });

  test("objects nested without an end", async () => {
    const deep = `{"question":"Q?","answer":"A","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const source = folderRows({ name: "l.jsonl", bytes: new TextEncoder().encode(deep) }, readPicture);
    await expect(source.row(0)).rejects.toThrow(
      "l.jsonl, line 1: expected a JSON object, found lists and objects more than 64 deep",
    );
  });
});

describe("parquet that holds text in place of bytes", () => {
  const open = async (name: string, read?: typeof readPicture) =>
    deepEyesRows(await ParquetTable.open(counted(name, await fault(`parquet-path-images/${name}.parquet`))), read);

  test.each(["image_path_string", "images_path_strings"])("paths beside the file: %s", async (name) => {
    const rows = await open(name, readPicture);
    for (let i = 0; i < rows.rows; i++) {
      expect((await lookAt(rows, i, recipeSettings)).found.skip).toBeNull();
      expect(await (await rows.row(i)).pictures()).toEqual([png]);
    }
  });
  test("data: URLs", async () => {
    const { found } = await lookAt(await open("images_data_url"), 5, recipeSettings);
    expect(found).toMatchObject({ skip: null, pictures: [{ width: 40, height: 40 }] });
  });
  test("a picture that the prompt does not mention is not lost", async () => {
    const { found } = await lookAt(await open("paths_no_placeholder", readPicture), 0, recipeSettings);
    expect(found.skip).toEqual({
      kind: "pictures and placeholders differ",
      why: "the prompt says <image> 0 times, the row has 1 pictures",
    });
  });
  test("without a folder, a sentence", async () => {
    const { found } = await lookAt(await open("images_path_strings"), 0, recipeSettings);
    expect(found.skip?.why).toBe('expected the bytes of a picture, found only its path "p0.png"');
  });
});
