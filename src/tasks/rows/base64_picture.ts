/** Base64 in which every picture file of a kind that is read begins. */
const beginnings = /^(iVBORw0KGgo|\/9j\/|UklGR)/;
const mostLetters = 2 ** 26;

/** Whether a text is a picture's file in base64, not a path: long, of its letters alone, beginning as a picture does. */
export const isBase64Picture = (text: string): boolean =>
  text.length >= 64 && beginnings.test(text) && /^[A-Za-z0-9+/=\s]+$/.test(text);

/**
 * A picture's file from base64.
 * @param where for people
 * @throws Error with one sentence
 */
export function fromBase64(base64: string, where: string): Uint8Array {
  if (base64.length > mostLetters)
    throw new Error(`${where}: expected a picture of at most 48 MiB in base64, found ${base64.length} letters`);
  let text: string;
  try {
    text = atob(base64.trim());
  } catch {
    throw new Error(`${where}: expected a picture in base64, found ${JSON.stringify(base64.slice(0, 20))}`);
  }
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** A picture's file from a data: URL. @throws Error with one sentence where it is none */
export function fromDataUrl(url: string, where: string): Uint8Array {
  const comma = url.indexOf(",", 5);
  const kind = url.slice(5, Math.max(5, comma)).toLowerCase();
  if (comma < 0 || !/^(image\/[^;]*|application\/octet-stream)?(;[^;]*)*;base64$/.test(kind))
    throw new Error(`${where}: expected a data: URL of a picture in base64, found ${JSON.stringify(url.slice(0, 40))}`);
  return fromBase64(url.slice(comma + 1), where);
}
