import type { Platform } from "../../platform.ts";
import type { RowSource } from "../../tasks/rows/row.ts";
import { parquetRows } from "../../tasks/sources/parquet_rows.ts";
import { formatOf, rowFormatEndings } from "../../tasks/sources/table.ts";
import { pathsIn } from "./data_paths.ts";

/** All sources that the knob `data` names. @throws Error with one sentence where one cannot be opened */
export async function openSources(data: string, platform: Platform): Promise<RowSource[]> {
  const files = (await Promise.all(pathsIn(data).map((path) => filesAt(path, platform)))).flat();
  return Promise.all(files.map((file) => openSource(file, platform)));
}

/** The files behind a path: itself, or what a folder or data set holds that describes tasks. */
export async function filesAt(path: string, platform: Platform): Promise<string[]> {
  const listed = formatOf(path) ? null : await platform.list(path);
  if (listed === null) return [path];
  const found = listed.filter((name) => formatOf(name) !== null).sort();
  if (found.length === 0) throw new Error(`Expected a ${rowFormatEndings} file in ${path}, found none; name the file`);
  return found.map((name) => `${path.replace(/\/$/, "")}/${name}`);
}

/** Tables of other kinds, which would be read as parquet and called damaged. */
const otherTables = /\.(json|tsv|txt|arrow|feather|xlsx?|ods|pkl|pickle|zip|tar|gz|ya?ml)$/i;

/** No picture's file that can be decoded is larger. */
const largestPictureBytes = 2 ** 28;

/** One file of tasks, in the format that its name says. @throws Error with one sentence */
export async function openSource(path: string, platform: Platform): Promise<RowSource> {
  const name = path.replace(/\?.*$/, "").split(/[/\\]/).at(-1)!;
  const sizeBytes = await platform.assetSize(path);
  if (sizeBytes === null) throw new Error(`Expected a file ${path}, found none`);
  if (otherTables.test(name))
    throw new Error(
      `Expected a ${rowFormatEndings} file, found ${name}; write it as JSON Lines (one object a line), CSV or parquet`,
    );
  const folder = path.slice(0, path.lastIndexOf(name));
  const readPicture = async (picture: string) => {
    const pictureBytes = await platform.assetSize(folder + picture);
    if (pictureBytes === null) throw new Error(`Expected a picture ${picture} beside ${name}, found no such file`);
    if (pictureBytes > largestPictureBytes)
      throw new Error(
        `Expected a picture of at most ${largestPictureBytes / 2 ** 20} MiB, found ${picture} beside ${name} with ${Math.ceil(pictureBytes / 2 ** 20)}`,
      );
    return platform.readAsset(folder + picture);
  };
  const read = async (startByte: number, endByte: number) => {
    const bytes = await platform.readAsset(path, startByte, endByte);
    if (bytes.length !== endByte - startByte) throw new Error(`${path} became shorter while it was read`);
    return bytes as Uint8Array<ArrayBuffer>;
  };
  const bytes = () => platform.readAsset(path);
  // An address may name a file without an ending.
  return (formatOf(name) ?? parquetRows).open({ name, sizeBytes, read, bytes, readPicture });
}
