import { expect, test } from "vitest";
import { BrowserPictures } from "../../src/app/web/worker/pictures/browser_pictures.ts";
import { CanvasDecoder, type PictureEngine, thisBrowser } from "../../src/app/web/worker/pictures/canvas_decoder.ts";
import { type Canvas, type CanvasContext, CanvasReader } from "../../src/app/web/worker/pictures/canvas_reader.ts";
import { crop } from "../../src/image/crop.ts";
import { convert, decode } from "../../src/image/decode.ts";
import { held } from "../../src/image/held.ts";
import type { Box } from "../../src/image/pixels.ts";
import { plainFile } from "../../src/image/plain_file.ts";
import { writePng } from "../../src/image/write_png.ts";
import { webpOf } from "../support/bombs.ts";
import { readBytes } from "../support/png.ts";

/** Vite serves the project's root. */
const root = new URL("/test/golden/pictures/", location.origin);
const names = new TextDecoder()
  .decode(await readBytes(new URL("cases.jsonl", root)))
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line).file as string);
const references = new Map<string, Uint8Array>();
for (const name of new Set(names)) references.set(name, await readBytes(new URL(name, root)));

/** A photograph's like: gradients, edges and noise. */
async function pictureFile(type: "image/jpeg" | "image/webp", width: number, height: number): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    image.data.set([(x * 3 + ((i * 7919) % 23)) & 255, (y * 5) & 255, x > y ? 200 : (x * y) & 255, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type, quality: 0.85 });
  return new Uint8Array(await blob.arrayBuffer());
}

/** This browser, with a canvas that changes what is read. */
const engineWith = (change: (data: Uint8ClampedArray, reads: number) => void): PictureEngine => ({
  ...thisBrowser,
  canvas: (width, height) => {
    const canvas = thisBrowser.canvas(width, height);
    let reads = 0;
    return {
      getContext: (kind, settings) => {
        const context = canvas.getContext(kind, settings)!;
        return new Proxy(context, {
          set: (target, name, value) => Reflect.set(target, name, value),
          get: (target, name) => {
            const value = Reflect.get(target, name);
            if (name !== "getImageData") return typeof value === "function" ? value.bind(target) : value;
            return (...given: Parameters<CanvasContext["getImageData"]>) => {
              const image = target.getImageData(...given);
              change(image.data, reads++);
              return image;
            };
          },
        }) as CanvasContext;
      },
    } satisfies Canvas;
  },
});

/** As browsers do it that hide what canvas they have: some low bits, chosen by the content. */
function flipSome(data: Uint8ClampedArray, count: number): void {
  let state = 1;
  for (let i = 0; i < data.length; i += 997) state = (Math.imul(state, 31) + data[i]!) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const at = 4 * (state % (data.length / 4)) + (i % 3);
    data[at] = data[at]! ^ 1;
  }
}

test("this browser gives our own decoder's bytes for every kind of file that is tried", async () => {
  const { problem, properties, pictures } = await new CanvasDecoder().ways();
  expect([problem, pictures]).toEqual([null, 19]);
  expect(properties.filter(({ why }) => why !== null)).toEqual([]);
  expect(properties.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["JPEG 4:2:0", "JPEG 4:4:4", "JPEG progressive", "PNG rgb", "PNG rgb 16-bit", "WebP lossy"]),
  );
});

test("crops of all reference pictures through the canvas equal those of crop.ts", async () => {
  const decoder = new CanvasDecoder();
  const reader = new CanvasReader(thisBrowser.canvas);
  let tried = 0;
  for (const [name, bytes] of references) {
    const file = plainFile(bytes);
    const own = await decode(bytes);
    if (!file) continue;
    const { pixels, bitmap, isUsual } = await decoder.viaCanvas(file);
    const { width: W, height: H } = file;
    expect([name, isUsual, file.orientation, W, H]).toEqual([name, true, own.orientation, own.width, own.height]);
    expect(pixels.data).toEqual(own.rgb);
    const whole = convert(own, "rgb");
    const elsewhere = held(pixels, (box) => reader.read(bitmap, box), pixels.data);
    const [x, y] = [W >> 1, H >> 1];
    const boxes: Box[] = [
      [0, 0, W, H],
      [0, 0, 1, 1],
      [W - 1, H - 1, W, H],
      [x, y, W, H],
      [x >> 1, y >> 1, x + 1, y + 1],
      [0, y, W, y + 1],
    ];
    for (const box of boxes) expect(crop(elsewhere, box), `${name} ${box}`).toEqual(crop(whole, box));
    tried++;
  }
  expect(tried).toBe(27);
});

test("pictures wider and larger than what is read at a time", async () => {
  const [W, H] = [4500, 140];
  const noise = { width: W, height: H, data: new Uint8Array(W * H * 3) };
  for (let i = 0; i < noise.data.length; i++) noise.data[i] = (i * 2654435761) >>> 13;
  const { decoded, bitmap } = await new CanvasDecoder(thisBrowser).decode(await writePng(noise));
  expect(bitmap).toBe(null);
  expect(decoded.rgb).toEqual(noise.data);
  const reader = new CanvasReader(thisBrowser.canvas);
  const { bitmap: drawn } = await new CanvasDecoder().viaCanvas(plainFile(await writePng(noise))!);
  for (const box of [[2000, 3, 4300, 137] as Box, [2047, 120, 2050, 140] as Box])
    expect(reader.read(drawn, box)).toEqual(crop(noise, box).data);
});

test("the thread decodes every reference picture as our own code does, and keeps a JPEG's bitmap for crops", async () => {
  const pictures = new BrowserPictures();
  for (const [name, bytes] of references) expect(await pictures.decode(bytes), name).toEqual(await decode(bytes));
  const [jpeg, webp] = [await pictureFile("image/jpeg", 640, 480), await pictureFile("image/webp", 300, 280)];
  const own = await decode(jpeg);
  // The first of its kind and size is compared, and comes from our own code.
  expect((await pictures.decode(jpeg)).held).toBe(undefined);
  const found = await pictures.decode(jpeg);
  expect(convert(found, "paste")).toBe(found.held);
  expect(crop(convert(found, "paste"), [101, 57, 402, 300])).toEqual(crop(convert(own, "rgb"), [101, 57, 402, 300]));
  expect(found.rgb).toEqual(own.rgb);
  expect((await pictures.decode(webp)).rgb).toEqual((await decode(webp)).rgb);
  expect((await pictures.ways()).decoded).toEqual({ canvas: 2, own: references.size + 1 });
  for (const bad of [jpeg.slice(0, 5000), webpOf(8000, 5000), new TextEncoder().encode("hello")]) {
    const said = await decode(bad).catch((error: Error) => error.message);
    await expect(pictures.decode(bad)).rejects.toThrow(said as string);
  }
});

const noises: Record<string, (data: Uint8ClampedArray, reads: number) => void> = {
  "all levels": (data) => {
    for (let i = 0; i < data.length; i++) data[i] = data[i]! ^ 1;
  },
  "white in place of the picture": (data) => data.fill(255),
  "twenty levels, chosen by the content": (data) => flipSome(data, 20),
  "large canvases alone": (data) => {
    if (data.length > 4 * 64 * 64) flipSome(data, 64);
  },
  "every other read": (data, reads) => {
    if (reads % 2 === 1) flipSome(data, 300);
  },
};

test.each(Object.entries(noises))(
  "a canvas that changes what is read is noticed and not used: %s",
  async (_, change) => {
    const decoder = new CanvasDecoder(engineWith(change));
    const jpeg = await pictureFile("image/jpeg", 320, 280);
    for (let i = 0; i < 3; i++) {
      const { decoded, bitmap } = await decoder.decode(jpeg);
      expect(bitmap).toBe(null);
      expect(decoded).toEqual(await decode(jpeg));
    }
    const { problem, decoded } = await decoder.ways();
    expect(problem).toMatch(/levels read from a canvas are not those/);
    expect(decoded).toEqual({ canvas: 0, own: 3 });
    await expect(decoder.decode(await pictureFile("image/webp", 300, 280))).rejects.toThrow(
      "convert the picture to PNG or JPEG",
    );
  },
);

test("one that begins to later, by its guard", async () => {
  let isNoisy = false;
  const engine = engineWith((data) => {
    if (isNoisy) flipSome(data, 256);
  });
  const decoder = new CanvasDecoder(engine);
  const pictures = new BrowserPictures(
    { decode: (bytes) => decoder.decode(bytes), ways: () => decoder.ways() },
    engine,
  );
  const jpeg = await pictureFile("image/jpeg", 640, 480);
  const own = await decode(jpeg);
  await pictures.decode(jpeg);
  const { held: picture } = await pictures.decode(jpeg);
  isNoisy = true;
  const box: Box = [20, 30, 620, 450];
  expect(crop(picture!, box)).toEqual(crop(convert(own, "rgb"), box));
  expect((await pictures.ways()).problem).toMatch(/levels read from a canvas/);
  expect((await decoder.decode(jpeg)).decoded).toEqual(own);
  expect((await decoder.ways()).problem).toMatch(/levels read from a canvas/);
});

test("a browser that gives other levels for one kind of file, or for large ones alone", async () => {
  const other = async (file: Blob, options: ImageBitmapOptions) => {
    const bitmap = await createImageBitmap(file, options);
    const isOther = file.type === "image/jpeg" && bitmap.width >= 320;
    if (!isOther) return bitmap;
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    context.fillStyle = "rgb(1 2 3)";
    context.fillRect(7, 7, 1, 1);
    return canvas.transferToImageBitmap();
  };
  const decoder = new CanvasDecoder({ ...thisBrowser, createImageBitmap: other });
  const jpeg = await pictureFile("image/jpeg", 320, 280);
  expect((await decoder.decode(jpeg)).decoded).toEqual(await decode(jpeg));
  const { properties } = await decoder.ways();
  expect(properties.filter(({ why }) => why !== null)).toEqual([
    { name: "JPEG 4:2:0", why: "a file of 320 x 280 came out with other levels" },
  ]);
  expect((await decoder.decode(jpeg)).bitmap).toBe(null);
});

test("createImageBitmap that throws, hangs or gives another size: our own code decodes, and nothing is lost", async () => {
  const jpeg = await pictureFile("image/jpeg", 320, 280);
  const own = await decode(jpeg);
  const isLarge = (file: Blob) => file.type === "image/jpeg" && file.size > 5000;
  const ways: Record<string, PictureEngine["createImageBitmap"]> = {
    throws: async (file, options) => {
      if (isLarge(file)) throw new DOMException("no memory", "InvalidStateError");
      return createImageBitmap(file, options);
    },
    "hangs at once": () => new Promise<ImageBitmap>(() => {}),
    "hangs later": (file, options) =>
      isLarge(file) ? new Promise<ImageBitmap>(() => {}) : createImageBitmap(file, options),
    "gives another size": (file, options) =>
      createImageBitmap(file, isLarge(file) ? { ...options, resizeWidth: 160, resizeHeight: 140 } : options),
  };
  for (const [how, way] of Object.entries(ways)) {
    const decoder = new CanvasDecoder({ ...thisBrowser, createImageBitmap: way }, { patienceMs: 200 });
    const all = await Promise.all([1, 2, 3].map(() => decoder.decode(jpeg)));
    for (const { decoded, bitmap } of all) expect([how, bitmap, decoded]).toEqual([how, null, own]);
    const { problem } = await decoder.ways();
    if (how.startsWith("hangs")) expect(problem).toMatch(/gave no answer within/);
    else expect(problem).toBe(null);
  }
  const none = new CanvasDecoder({
    ...thisBrowser,
    canvas: () => ({ getContext: () => null }),
  });
  expect((await none.decode(jpeg)).decoded).toEqual(own);
  expect((await none.ways()).problem).toBe("this browser gives no 2-D canvas");
});

test("the browser is not asked for a file that our own code refuses by its header, nor for one with transparency", async () => {
  let asked = 0;
  const decoder = new CanvasDecoder({
    ...thisBrowser,
    createImageBitmap: (file, options) => {
      asked++;
      return createImageBitmap(file, options);
    },
  });
  await decoder.ways();
  const before = asked;
  await expect(decoder.decode(webpOf(16_383, 10_900))).rejects.toThrow("is not decoded, found 16383 x 10900");
  const jpeg = (await pictureFile("image/jpeg", 640, 480)).slice();
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  new DataView(jpeg.buffer).setUint16(frame + 5, 50_000);
  new DataView(jpeg.buffer).setUint16(frame + 7, 50_000);
  await expect(decoder.decode(jpeg)).rejects.toThrow("at most 178,956,970 pixels");
  await decoder.decode(references.get("files/rgba.png")!);
  expect(asked).toBe(before);
});
