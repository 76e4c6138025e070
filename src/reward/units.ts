/** What a unit measures and how much of the dimension's own unit it is; null factor: compared by name alone. */
const dimensions: Record<string, readonly [factor: number, ...names: string[]][]> = {
  length: [
    [0.001, "mm", "millimeter", "millimetre"],
    [0.01, "cm", "centimeter", "centimetre"],
    [1, "m", "meter", "metre"],
    [1000, "km", "kilometer", "kilometre"],
    [0.0254, "in", "inch", "inche"],
    [0.3048, "ft", "foot", "feet"],
    [0.9144, "yd", "yard"],
    [1609.344, "mi", "mile"],
  ],
  area: [
    [1e-6, "mm2", "square millimeter", "square millimetre"],
    [1e-4, "cm2", "square centimeter", "square centimetre"],
    [1, "m2", "square meter", "square metre"],
    [1e6, "km2", "square kilometer", "square kilometre"],
  ],
  volume: [
    [1e-6, "cm3", "ml", "milliliter", "millilitre", "cubic centimeter", "cubic centimetre"],
    [1e-3, "l", "liter", "litre"],
    [1, "m3", "cubic meter", "cubic metre"],
  ],
  mass: [
    [1e-6, "mg", "milligram"],
    [1e-3, "g", "gram"],
    [1, "kg", "kilogram"],
    [0.45359237, "lb", "pound"],
  ],
  time: [
    [0.001, "ms", "millisecond"],
    [1, "s", "sec", "second"],
    [60, "min", "minute"],
    [3600, "h", "hr", "hour"],
    [86400, "day"],
  ],
  speed: [
    [1, "m/s"],
    [1 / 3.6, "km/h", "kph"],
    [0.44704, "mph"],
  ],
  share: [[0.01, "%", "percent", "per cent"]],
  angle: [
    [1, "°", "deg", "degree"],
    [180 / Math.PI, "rad", "radian"],
  ],
  dollars: [
    [1, "$", "usd", "dollar"],
    [0.01, "cent"],
  ],
  euros: [[1, "€", "eur", "euro"]],
  pounds: [[1, "£", "gbp"]],
  celsius: [[1, "°c", "degree celsius", "celsius"]],
  fahrenheit: [[1, "°f", "degree fahrenheit", "fahrenheit"]],
};

const table = new Map(
  Object.entries(dimensions).flatMap(([dimension, units]) =>
    units.flatMap(([factor, ...names]) => names.map((name) => [name, { dimension, factor }] as const)),
  ),
);

/** "3 or more", "one of them": no unit, but another answer. */
const hedges = /\b(?:or|and|to|of|at|more|less|fewer|than|least|most|about|not|but|maybe)\b/;

/**
 * The unit that a text is: a known one, or whatever is counted ("dogs"), in the singular. Null for more than three
 * words, which say more than a unit does.
 */
export function unitOf(text: string): { dimension: string; factor: number } | null {
  const name = text
    .toLowerCase()
    .replace(/\^\(?([23])\)?/g, "$1")
    .replace(/\bdegrees\b/g, "degree")
    .replace(/[.]$/, "")
    .trim();
  const known = table.get(name) ?? table.get(name.replace(/s$/, ""));
  if (known) return known;
  if (hedges.test(name)) return null;
  return /^\p{L}+(?: \p{L}+){0,2}$/u.test(name) ? { dimension: `count of ${name.replace(/s$/, "")}`, factor: 1 } : null;
}
