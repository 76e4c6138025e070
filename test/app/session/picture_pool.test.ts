import { expect, test } from "vitest";
import { PicturePool } from "../../../src/app/session/picture_pool.ts";
import { crop } from "../../../src/image/crop.ts";
import { cropped } from "../../../src/image/derived.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import { resize } from "../../../src/image/resize.ts";
import { scenePictures } from "../../../src/tasks/sources/scenes.ts";
import { fingerprint } from "../../support/fingerprint.ts";

const settings = { objects: 4, glyphPx: 4, shapeMinPx: 48, shapeMaxPx: 64, legibleShare: 0.5 };
const id = "needle/2/train/0/1";
const half = (widthPx: number, heightPx: number) => ({ widthPx: widthPx >> 1, heightPx: heightPx >> 1 });

const seen = ({ width, height, data }: Pixels) => [width, height, fingerprint(data)];

test("threads render, cut and resize to the bytes of this thread, which keeps what it handed out", async () => {
  const pool = new PicturePool(half, null);
  const [whole] = scenePictures(id, settings);
  expect((await pool.originals(id, settings))!.map(seen)).toEqual([seen(whole!)]);
  const [rendered] = await pool.render(id, settings, 512);
  expect(seen(await pool.modelInput(rendered!))).toEqual(seen(resize(whole!, 256, 256)));
  const cut = cropped(rendered!, [100, 30, 164, 90]);
  const wanted = crop(whole!, [100, 30, 164, 90]);
  expect(seen(await pool.modelInput(cut))).toEqual(seen(resize(wanted, 32, 30)));
  expect(seen(cut)).toEqual(seen(wanted));
  pool.close();
});

test("who waits for a picture of a pool that is closed gets none", async () => {
  const pool = new PicturePool(half, null);
  const waiting = pool.originals(id, settings);
  pool.close();
  expect(await waiting).toBeNull();
});
