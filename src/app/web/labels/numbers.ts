/** Numbers and times as the page writes them. A minus is the real minus sign. */

/** Made once: a list has thousands of numbers, and to make a format takes longer than to use it. */
const formats = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const counts = new Intl.NumberFormat("en");

/** 0.814, 23.6, 4,180: about three figures; "–" where there is none. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return minus(value.toExponential(1));
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size === 0 || size >= 0.1 ? 2 : 3;
  // −0 is 0.
  return minus(formats[digits]!.format(value + 0));
}

/** +0.71, −0.20, 0: a share of a sum. */
export const signed = (value: number, digits = 2): string =>
  value === 0 ? "0" : `${value > 0 ? "+" : ""}${minus(value.toFixed(digits))}`;

/** −0.03, 1.16: places that line up under one another. */
export const hundredths = (value: number): string => minus(value.toFixed(2));

export const count = (value: number): string => minus(counts.format(value));

/** A setting as someone would type it: 2e-4, 1, 0.85. */
export function setting(value: number): string {
  return value !== 0 && Math.abs(value) < 0.001 ? value.toExponential().replace("e+", "e") : String(value);
}

/** Untrusted text, cut where it is longer than a page can show. */
export const shortened = (text: string, most = 4000): string =>
  text.length <= most ? text : `${text.slice(0, most)}… (${count(text.length)} characters)`;

/** 1 step, 20 steps. */
export const counted = (value: number, thing: string): string => `${count(value)} ${thing}${value === 1 ? "" : "s"}`;

/** 0.25, 40 k, 2e−5: short enough for an axis. */
export function tick(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.001) return minus(Number(value.toPrecision(2)).toExponential());
  return minus(size >= 10_000 ? `${Number((value / 1000).toPrecision(3))} k` : count(Number(value.toPrecision(4))));
}

/** 12 s, 1 min 12 s, 2 h 5 min. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** about 40 s, about 2 min: no more exact than a guess can be. */
export function roughDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 90) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.round(seconds / 3600)} h`;
}

/** 1.44 M, 480 k. */
export function parameters(n: number): string {
  return n >= 1e6 ? `${(n / 1e6).toFixed(2)} M` : n >= 1e3 ? `${Math.round(n / 1e3)} k` : String(n);
}

/** Mean and (n - 1) deviation, as the advantages use; null of an empty list. */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

const minus = (text: string): string => text.replaceAll("-", "−");
