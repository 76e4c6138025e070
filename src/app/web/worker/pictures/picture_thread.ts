import { expose, transfer } from "comlink";
import type { PictureWays } from "../../../../platform.ts";
import { CanvasDecoder, type TwiceDecoded } from "./canvas_decoder.ts";

/** What the thread that decodes picture files is asked. */
export interface PictureThread {
  decode(bytes: Uint8Array): Promise<TwiceDecoded>;
  ways(): Promise<PictureWays>;
}

const decoder = new CanvasDecoder();

const thread: PictureThread = {
  decode: async (bytes) => {
    const { decoded, bitmap } = await decoder.decode(bytes);
    const { rgb, alpha } = decoded;
    const buffers = [rgb, ...(alpha ? [alpha] : [])].map(({ buffer }) => buffer as ArrayBuffer);
    return transfer({ decoded, bitmap }, [...buffers, ...(bitmap ? [bitmap] : [])]);
  },
  ways: () => decoder.ways(),
};

expose(thread);
