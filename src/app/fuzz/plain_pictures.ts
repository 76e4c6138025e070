import { decode } from "../../image/decode.ts";
import type { Decoded } from "../../image/decoded.ts";
import { plainFile } from "../../image/plain_file.ts";

type Outcome = Decoded | Error;

const outcomeOf = (bytes: Uint8Array): Promise<Outcome> => decode(bytes).catch((error: Error) => error);

/**
 * What a browser's decoder is given of a picture file must be the same picture by our own decoder, and what is refused
 * before must be refused by that as well, so that a page and Deno use the same files.
 * @throws TypeError where they differ; the sentence of our own decoder where it refuses the file
 */
export async function comparePlain(bytes: Uint8Array): Promise<void> {
  const whole = await outcomeOf(bytes);
  let parts: Uint8Array[] | null = null;
  try {
    const file = plainFile(bytes);
    if (file?.check()) parts = file.parts;
  } catch (error) {
    if (!(whole instanceof Error))
      throw new TypeError(`refused before a browser decodes it, and decoded by us: ${error}`);
    throw error;
  }
  if (!parts) return;
  const plain = await outcomeOf(new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
  if (whole instanceof Error && plain instanceof Error) throw whole;
  if (whole instanceof Error || plain instanceof Error)
    throw new TypeError(
      `decoded with or without what a browser is not given, not both: ${whole instanceof Error ? whole : plain}`,
    );
  const isSame = whole.width === plain.width && !whole.alpha && whole.rgb.every((level, i) => level === plain.rgb[i]);
  if (!isSame) throw new TypeError("other levels without what a browser is not given");
}
