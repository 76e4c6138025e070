/** A name and what is known of it, in two columns. */
export const fact = (name: string, text: string): string => `  ${name.padEnd(12)} ${text}`;

/** "2.93 MB" */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, size] = bytes < 1e6 ? ["kB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / (size as number)).toPrecision(3)} ${unit}`;
}
