/** Bytes for people, `0.3 MiB` or `2.4 GiB`, rounded up where they are needed and down where they are all there is. */
export function sizeText(bytes: number, round: (value: number) => number = Math.ceil): string {
  const [unit, name] = bytes < 2 ** 30 ? [2 ** 20, "MiB"] : [2 ** 30, "GiB"];
  return `${round((bytes / unit) * 10) / 10} ${name}`;
}
