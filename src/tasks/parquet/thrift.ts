/** Nothing in a parquet file's description is nested deeper. */
const deepest = 24;
/** Of a number of 64 bits, seven in a byte. */
const longestNumber = 10;

const binary = 8;
const list = 9;
const set = 10;
const struct = 12;
/** Bytes of the types that have a fixed number of them: true, false, byte, double. */
const fixed: Record<number, number> = { 1: 0, 2: 0, 3: 1, 7: 8 };
/** Types of whole numbers, written in as many bytes as they need. */
const numbers = [4, 5, 6];

/**
 * Reads a struct in Thrift's compact form and checks every count that a reader would rely on: lists with more entries than
 * there are bytes left, nesting, numbers without an end. A reader allocates what a list announces before it reads
 * it.
 * @returns bytes that the struct takes
 * @throws Error that says what is wrong; where it goes on behind the end of `bytes` too
 */
export function checkThrift(bytes: Uint8Array): number {
  let at = 0;
  const need = (count: number) => {
    if (!(count >= 0 && at + count <= bytes.length)) throw new Error("its description is cut off");
  };
  const number = (): number => {
    let value = 0;
    for (let i = 0; i < longestNumber; i++) {
      need(1);
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new Error("its description holds a number without an end");
  };
  const element = (type: number, depth: number): void => {
    if (depth > deepest) throw new Error("its description is nested too deeply");
    if (type === struct) fields(depth);
    else if (type === list || type === set) entries(depth);
    else if (type === binary) {
      const count = number();
      need(count);
      at += count;
    } else if (numbers.includes(type)) number();
    else {
      const count = fixed[type];
      if (count === undefined) throw new Error(`its description holds a field of type ${type}`);
      need(count);
      at += count;
    }
  };
  const entries = (depth: number): void => {
    need(1);
    const header = bytes[at++]!;
    const count = header >> 4 === 15 ? number() : header >> 4;
    const type = header & 15;
    // Every entry takes a byte at least, a truth value too.
    need(count);
    for (let i = 0; i < count; i++) {
      if (type === 1 || type === 2) {
        need(1);
        at++;
      } else element(type, depth + 1);
    }
  };
  const fields = (depth: number): void => {
    for (;;) {
      need(1);
      const header = bytes[at++]!;
      const type = header & 15;
      if (type === 0) return;
      if (header >> 4 === 0) number();
      element(type, depth + 1);
    }
  };
  fields(0);
  return at;
}
