import { randomFrom } from "./fake_scene.ts";

/** A place in a parsed value: keys and indices from its root. */
type Path = (string | number)[];

/** All places in a value, at most a few of each list: its items look alike. */
function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  const keys = Array.isArray(value)
    ? [0, 1, value.length - 1].filter((i, at, all) => i >= 0 && i < value.length && all.indexOf(i) === at)
    : Object.keys(value);
  for (const key of keys) yield* placesIn((value as Record<string | number, unknown>)[key], [...path, key]);
}

/** Values that a third party may write in the place of any value, as JSON text: of every type, and of every size. */
const foreignValues: readonly string[] = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "1.5",
  "1e999",
  "-1e999",
  "1e308",
  "-1e308",
  "5e-324",
  "4294967296",
  "9007199254740993",
  '""',
  '"9"',
  '"constructor"',
  '"<img src=x onerror=alert(1)>"',
  '"\\u202egnp.exe\\u0000\\ud800"',
  '"https://elsewhere.invalid/a.parquet"',
  '"//elsewhere.invalid/a"',
  '"../../../a"',
  "[]",
  "[null]",
  "[[[[[]]]]]",
  `[${new Array(200).fill('"x"').join(",")}]`,
  "{}",
  '{"__proto__":{"a":1},"constructor":1,"length":1e9}',
  '{"type":"div","props":{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=alert(1)>"}},"__v":1,"ref":null,"key":null}',
  '{"__html":"<img src=x>"}',
];

/**
 * A log with one value changed at a time, `count` of them by a seed, among all its places and all foreign values.
 * @param lines of a good log
 */
export function* mutatedLogs(
  lines: readonly string[],
  seed: number,
  count: number,
): Generator<{ what: string; log: string }> {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const places = lines.map((line) => [...placesIn(JSON.parse(line))]);
  // Each kind of event as often as any other: most lines of a log are of a few kinds.
  const kinds = Map.groupBy(lines.keys(), (i) => JSON.parse(lines[i]!).type as string);
  const names = [...kinds.keys()];
  for (let made = 0; made < count; made++) {
    const at = pick(kinds.get(pick(names))!);
    const path = pick(places[at]!);
    const foreignValue = random() < 0.08 ? "" : pick(foreignValues);
    const changed = replaced(lines[at]!, path, foreignValue);
    yield {
      what: `line ${at + 1}, ${path.join(".")} = ${foreignValue.slice(0, 80) || "(missing)"}`,
      log: lines.with(at, changed).join("\n"),
    };
  }
}

/** The line with another text for one value; "" takes it away. */
function replaced(line: string, path: Path, text: string): string {
  const root = JSON.parse(line);
  let inside = root;
  for (const key of path.slice(0, -1)) inside = inside[key];
  const key = path.at(-1)!;
  if (text === "") {
    if (Array.isArray(inside)) inside.splice(key as number, 1);
    else delete inside[key];
    return JSON.stringify(root);
  }
  // Written as text, since JSON.stringify knows no 1e999 and no "__proto__".
  const mark = `@${"mark".repeat(4)}@`;
  inside[key] = mark;
  return JSON.stringify(root).replace(`"${mark}"`, () => text);
}
