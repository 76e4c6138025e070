import { Random } from "../../tasks/random.ts";

/** The stream of random numbers that mutations are sampled from; no other part of the product uses it. */
const purpose = 9001;

/** Numbers at which readers break: ends of integer types, and what counts and offsets must not be. */
const edgeNumbers = [0, 1, -1, 127, 128, 255, 256, 32767, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32];

/** Values that a JSON field does not expect. */
const edgeValues: readonly unknown[] = [
  null,
  true,
  "",
  "0",
  [],
  {},
  [[]],
  0,
  -1,
  0.5,
  1e9,
  2 ** 31 - 1,
  2 ** 53,
  1e308,
  "\u202e\u0000",
  "a".repeat(5000),
];

/**
 * Another file made from a real one, the same for the same seed and index: bytes or, for JSON and JSON Lines now and
 * then, values are changed.
 * @param others  further files of the kind, of which parts are taken over
 */
export function mutate(bytes: Uint8Array, others: readonly Uint8Array[], seed: number, index: number): Uint8Array {
  const random = new Random(seed, [purpose, index]);
  if (random.uniform() < 0.6) {
    const changed = mutateJson(bytes, random);
    if (changed) return changed;
  }
  let out = bytes;
  for (let left = 1 + random.below(4); left > 0; left--) out = mutateBytes(out, others, random);
  return out;
}

function mutateBytes(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(bytes.length);
  const length = 1 + random.below(Math.min(64, bytes.length - at));
  const out = bytes.slice();
  switch (random.below(9)) {
    case 0:
      out[at]! ^= 1 << random.below(8);
      return out;
    case 1:
      out[at] = random.below(256);
      return out;
    case 2:
      return out.subarray(0, at);
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
    case 5:
      return withNumber(out, at, random);
    case 6:
      return out.fill(random.below(2) * 255, at, at + length);
    case 7: {
      const other = others[random.below(others.length)] ?? bytes;
      const from = random.below(Math.max(1, other.length));
      return joined(bytes.subarray(0, at), other.subarray(from, from + 256), bytes.subarray(at + length));
    }
    default:
      return withDigits(bytes, at, random);
  }
}

/** A binary number of 1, 2, 4 or 8 bytes, in either byte order, set to a value at which readers break. */
function withNumber(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const size = [1, 2, 4, 8][random.below(4)]!;
  if (at + size > bytes.length) return bytes;
  const value = BigInt(edgeNumbers[random.below(edgeNumbers.length)]!);
  const little = random.below(2) === 1;
  for (let i = 0; i < size; i++) bytes[at + (little ? i : size - 1 - i)] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

/** The next number written in digits becomes another one. */
function withDigits(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 48 && byte <= 57;
  let start = at;
  while (start < bytes.length && !isDigit(bytes[start])) start++;
  let end = start;
  while (isDigit(bytes[end])) end++;
  const text = String(edgeNumbers[random.below(edgeNumbers.length)]!);
  return joined(bytes.subarray(0, start), new TextEncoder().encode(text), bytes.subarray(end));
}

/** One value somewhere in a JSON text, or in a line of JSON Lines, is replaced, removed, doubled or nested. */
function mutateJson(bytes: Uint8Array, random: Random): Uint8Array | null {
  const first = bytes.find((byte) => byte > 32);
  if (first !== 0x7b && first !== 0x5b) return null;
  const text = new TextDecoder().decode(bytes);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const isLines = lines.length > 1 && parsed(lines[0]!) !== undefined;
  const at = isLines ? random.below(lines.length) : 0;
  const value = parsed(isLines ? lines[at]! : text);
  if (value === undefined) return null;
  const changed = JSON.stringify(changedValue(value, random));
  if (!isLines) return new TextEncoder().encode(changed);
  lines[at] = changed;
  return new TextEncoder().encode(lines.join("\n"));
}

function changedValue(value: unknown, random: Random): unknown {
  const places: { parent: Record<string, unknown> | unknown[]; key: string }[] = [];
  const collect = (parent: unknown): void => {
    if (parent === null || typeof parent !== "object") return;
    for (const key of Object.keys(parent)) {
      places.push({ parent: parent as Record<string, unknown>, key });
      if (places.length < 20_000) collect((parent as Record<string, unknown>)[key]);
    }
  };
  collect(value);
  if (places.length === 0) return edgeValues[random.below(edgeValues.length)];
  const { parent, key } = places[random.below(places.length)]!;
  const record = parent as Record<string, unknown>;
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete record[key];
      break;
    case 1:
      record[key] = nested(record[key], 1 + random.below(3000));
      break;
    case 2:
      if (Array.isArray(parent)) parent.push(...parent.slice(0, 1000));
      else record[`${key}_`] = record[key];
      break;
    case 3:
      record[key] = records(random, value);
      break;
    default:
      record[key] = edgeValues[random.below(edgeValues.length)];
  }
  return value;
}

/** Any other value of the same document: of the right kind in the wrong place. */
function records(random: Random, value: unknown): unknown {
  let found = value;
  for (let depth = 1 + random.below(4); depth > 0 && found !== null && typeof found === "object"; depth--) {
    const keys = Object.keys(found);
    if (keys.length === 0) break;
    found = (found as Record<string, unknown>)[keys[random.below(keys.length)]!];
  }
  // A copy: a value that holds itself has no JSON.
  return found === value ? null : structuredClone(found);
}

function nested(value: unknown, depth: number): unknown {
  let out = value;
  for (let i = 0; i < depth; i++) out = [out];
  return out;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
