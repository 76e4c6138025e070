/** Saves bytes as a file on the visitor's disk, without a server. */
export function download(name: string, bytes: Uint8Array | string | Blob, type = "application/octet-stream"): void {
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the URL after click() has returned
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A name for a file: what systems do not allow in one becomes a dash. */
export const fileName = (text: string): string =>
  text
    .replace(/[^\p{L}\p{N}._()]+/gu, "-")
    .replace(/^[-.]+|-+$/g, "")
    .slice(0, 120);
