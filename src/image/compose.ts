/** Extra bits of precision in Pillow's alpha_composite. */
const precisionBits = 7;

/** `Image.alpha_composite` of Pillow over an opaque white picture, rounding and all. */
export function composeOnWhite(rgb: Uint8Array, alpha: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length);
  for (let pixel = 0, at = 0; pixel < alpha.length; pixel++) {
    // Over an opaque picture the source's coefficient, alpha * 255 * 255 * 2^7 / (255 * 255), has no remainder.
    const source = alpha[pixel]! << precisionBits;
    const white = (255 << precisionBits) - source;
    for (let c = 0; c < 3; c++, at++) {
      const sum = rgb[at]! * source + 255 * white + (0x80 << precisionBits);
      out[at] = (((sum >> 8) + sum) >> 8) >> precisionBits;
    }
  }
  return out;
}

/** `Image.paste(picture, mask=alpha)` of Pillow onto white. */
export function pasteOnWhite(rgb: Uint8Array, alpha: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length);
  for (let pixel = 0, at = 0; pixel < alpha.length; pixel++) {
    const mask = alpha[pixel]!;
    for (let c = 0; c < 3; c++, at++) {
      const sum = 255 * (255 - mask) + rgb[at]! * mask + 128;
      out[at] = ((sum >> 8) + sum) >> 8;
    }
  }
  return out;
}
