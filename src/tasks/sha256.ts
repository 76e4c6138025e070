/** SHA-256 in hexadecimal. @throws Error on a page from plain http, where browsers have no crypto.subtle */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (!globalThis.crypto?.subtle)
    throw new Error("Files can be compared on a page from https or localhost only; open it from there");
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
