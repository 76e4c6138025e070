/** Bytes as text, `0.3 MiB` or `2.4 GiB`. @param round  up (the default) for what is needed, down for what is available */
export function sizeText(bytes: number, round: (value: number) => number = Math.ceil): string {
  const [unit, name] = bytes < 2 ** 30 ? [2 ** 20, "MiB"] : [2 ** 30, "GiB"];
  return `${round((bytes / unit) * 10) / 10} ${name}`;
}
