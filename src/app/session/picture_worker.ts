import { expose, transfer } from "comlink";
import type { Pixels } from "../../image/pixels.ts";
import { type PictureWork, pictureWork } from "./picture_work.ts";

const bytesOf = (pixels: Pixels): ArrayBuffer => pixels.data.buffer as ArrayBuffer;

/** The same in a thread of its own; pixels are handed over rather than copied. */
const inThread: PictureWork = {
  ...pictureWork,
  render: (...of) => {
    const views = pictureWork.render(...of);
    return transfer(
      views,
      views.flatMap(({ original, modelInput }) => [bytesOf(original), bytesOf(modelInput)]),
    );
  },
  originals: (...of) => {
    const pictures = pictureWork.originals(...of);
    return transfer(pictures, pictures.map(bytesOf));
  },
  words: (...of) => {
    const scenes = pictureWork.words(...of);
    return transfer(
      scenes,
      scenes.map(({ buffer }) => buffer),
    );
  },
  resize: (...of) => {
    const resized = pictureWork.resize(...of);
    return transfer(resized, [bytesOf(resized)]);
  },
  lessons: (...of) => {
    const rows = pictureWork.lessons(...of);
    return transfer(
      rows,
      rows.flatMap(({ pictures }) => pictures.map(bytesOf)),
    );
  },
};

expose(inThread);
