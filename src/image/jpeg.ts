import type { Decoded } from "./decoded.ts";
import { putRow } from "./jpeg_colour.ts";
import { readJpeg } from "./jpeg_file.ts";
import { samplesOf } from "./jpeg_idct.ts";
import { upsampled } from "./jpeg_upsample.ts";

/**
 * A JPEG file, baseline or progressive, with the levels that libjpeg-turbo gives to Pillow: accurate integer DCT,
 * triangle upsampling, CMYK without a profile. Equal to it bit for bit wherever all scans are there.
 */
export function decodeJpeg(bytes: Uint8Array): Decoded {
  const { frame, colours, orientation } = readJpeg(bytes);
  const { width, height } = frame;
  const rows = frame.components.map((component) => {
    const samples = samplesOf(component);
    // Coefficients are large, and not needed any more.
    component.coefficients = new Int16Array(0);
    const plane = { width: component.width, height: component.height, samples };
    return upsampled(plane, frame.maxH / component.h, frame.maxV / component.v, width);
  });
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    putRow(
      rows.map((row) => row(y)),
      colours,
      rgb,
      y * width * 3,
    );
  return {
    width,
    height,
    rgb,
    isRgba: false,
    orientation,
  };
}
