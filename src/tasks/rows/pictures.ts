import { fromBase64, fromDataUrl, isBase64Picture } from "./base64_picture.ts";

/** Reads a picture by its path in the folder of the file that names it, or rejects. */
export type ReadPicture = (path: string) => Promise<Uint8Array>;

/** Columns that may hold the pictures of a row. */
export const pictureColumns = ["image", "images"] as const;

/** What a column says of a row's pictures: nothing, one, or several. */
export function entriesIn(value: unknown): unknown[] {
  if (value === null || value === undefined || value === "") return [];
  if (value instanceof Uint8Array || !Array.isArray(value)) return [value];
  return value;
}

/**
 * The pictures of a row from its columns `image` and `images`: paths in the folder, data: URLs, base64, or objects with
 * one of them (`path`, `image`, `url`) or with the file itself (`bytes`). An empty column leaves the choice to the other.
 * @throws Error with one sentence where both say something and not the same, or where neither does while another column
 * holds a picture
 */
function namedPictures(columns: Record<string, unknown>, where: string): { column: string; entries: unknown[] } {
  const said = pictureColumns
    .map((column) => ({ column, entries: entriesIn(columns[column]) }))
    .filter(({ entries }) => entries.length > 0);
  const [first, second] = said.filter(({ entries }) => !entries.every(saysNothing));
  if (second && !sameEntries(first!.entries, second.entries))
    throw new Error(`${where}: expected pictures in image or in images, found different ones in both; leave one empty`);
  if (first) return first;
  expectNoOther(columns, where);
  // A list of empty entries was meant to hold pictures.
  return said.find(({ column }) => Array.isArray(columns[column])) ?? { column: "images", entries: [] };
}

/** Null, an empty text, or an object of nothing but these: how writers encode a missing picture. */
function saysNothing(entry: unknown): boolean {
  if (entry === null || entry === undefined || entry === "") return true;
  if (typeof entry !== "object" || entry instanceof Uint8Array || Array.isArray(entry)) return false;
  return Object.values(entry).every((value) => value === null || value === undefined || value === "");
}

/** @throws where a column holds a picture, or names one, that would be ignored */
function expectNoOther(columns: Record<string, unknown>, where: string): void {
  const other = Object.entries(columns).find(
    ([name, value]) => !texts.has(name) && entriesIn(value).some((entry) => looksLikePicture(entry)),
  );
  if (other)
    throw new Error(
      `${where}: expected its pictures in the column image or images, found one in ${other[0]}; rename it`,
    );
}

/** Columns that are text, whatever stands in them. */
const texts = new Set(["question", "answer", "prompt", "reward_model", "extra_info", "data_source", "env_name"]);
const pictureName = /^[^\s\n]{1,1000}\.(png|jpe?g|webp|gif|bmp|tiff?)$/i;

function looksLikePicture(entry: unknown): boolean {
  if (entry instanceof Uint8Array) return false;
  if (typeof entry === "string")
    return (
      pictureName.test(entry.slice(-1010)) || entry.startsWith("data:image/") || isBase64Picture(entry.slice(0, 4096))
    );
  if (entry === null || typeof entry !== "object") return false;
  const { path, image, url } = entry as Record<string, unknown>;
  return [path, image, url].some((value) => typeof value === "string" && looksLikePicture(value));
}

function sameEntries(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((entry, i) => sameEntry(entry, others[i]));
}

function sameEntry(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return one.length === other.length && one.every((byte, i) => byte === other[i]);
  const text = (entry: unknown) => (typeof entry === "string" ? entry : JSON.stringify(entry));
  return !(one instanceof Uint8Array) && !(other instanceof Uint8Array) && text(one) === text(other);
}

/** More than any row of tasks shows, and more bytes of files than are decoded at once. */
const mostPictures = 256;
const mostFileBytes = 2 ** 28;

/**
 * The files of all pictures of a row.
 * @throws Error with one sentence where one cannot be had, or there are too many
 */
export async function pictureFiles(
  columns: Record<string, unknown>,
  where: string,
  readPicture: ReadPicture,
): Promise<Uint8Array[]> {
  const { column, entries } = namedPictures(columns, where);
  if (entries.length > mostPictures)
    throw new Error(`${where}: expected at most ${mostPictures} pictures, found ${entries.length}`);
  const files: Uint8Array[] = [];
  let fileBytes = 0;
  for (const [i, entry] of entries.entries()) {
    const file = await pictureFile(entry, `${where}, ${column}${i > 0 ? ` ${i}` : ""}`, readPicture);
    fileBytes += file.length;
    if (fileBytes > mostFileBytes)
      throw new Error(`${where}: expected pictures of at most ${mostFileBytes / 2 ** 20} MiB together, found more`);
    files.push(file);
  }
  return files;
}

/** Keys under which an object may name its picture, in the order in which they count. */
const nameKeys = ["path", "image", "url", "image_url"];

/**
 * The file of one picture.
 * @param where names row, column and picture
 * @throws Error with one sentence where nothing is named, or what may not be read: what lies outside the folder, an address
 */
async function pictureFile(entry: unknown, where: string, readPicture: ReadPicture): Promise<Uint8Array> {
  if (entry instanceof Uint8Array) return entry;
  if (typeof entry === "string") {
    if (/^data:/i.test(entry)) return fromDataUrl(entry, where);
    return isBase64Picture(entry) ? fromBase64(entry, where) : readPicture(inside(entry, where));
  }
  if (entry !== null && typeof entry === "object" && !Array.isArray(entry)) {
    const named = entry as Record<string, unknown>;
    if (named.bytes instanceof Uint8Array) return named.bytes;
    if (typeof named.bytes === "string" && named.bytes !== "") return fromBase64(named.bytes, where);
    if (named.bytes !== null && named.bytes !== undefined && named.bytes !== "")
      throw new Error(`${where}: expected a picture's bytes in base64, found ${quoted(named.bytes)}`);
    const key = nameKeys.find((name) => named[name] !== null && named[name] !== undefined && named[name] !== "");
    if (key)
      return pictureFile(
        key === "image_url" && typeof named[key] === "object" ? urlIn(named[key]) : named[key],
        where,
        readPicture,
      );
  }
  throw new Error(`${where}: expected a picture, or its path in the folder, found ${quoted(entry)}`);
}

const urlIn = (value: unknown): unknown => (value as { url?: unknown } | null)?.url ?? null;

const quoted = (value: unknown): string =>
  value === null || value === undefined ? "none" : JSON.stringify(value).slice(0, 60);

const longestPath = 1024;

/** A path that stays in the folder, wherever the folder lies: dots may be written in a URL's way too. */
function inside(path: string, where: string): string {
  const parts = path.split(/[/\\]/);
  const isDots = (part: string) => /^(\.|%2e){2}$/i.test(part);
  const isElsewhere = /^([/\\]|%2f|%5c|[a-zA-Z][a-zA-Z0-9+.-]*:)/i.test(path) || /%(2f|5c)/i.test(path);
  if (path.trim() === "" || path.length > longestPath || isElsewhere || parts.some(isDots) || /\p{Cc}/u.test(path))
    throw new Error(
      `${where}: expected the path of a picture inside the folder, found ${JSON.stringify(path.slice(0, 200))}`,
    );
  return parts.filter((part) => part !== "." && part !== "").join("/");
}
