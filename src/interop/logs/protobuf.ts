/** As much of protobuf's wire format as TensorBoard's scalars need: each function gives the bytes of one field. */

const bytesOf = (lengthBytes: number, write: (view: DataView) => void): number[] => {
  const bytes = new Uint8Array(lengthBytes);
  write(new DataView(bytes.buffer));
  return [...bytes];
};

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
const tag = (field: number, wireType: 0 | 1 | 2 | 5): number[] => varint(field * 8 + wireType);

export const doubleField = (field: number, value: number): number[] => [
  ...tag(field, 1),
  ...bytesOf(8, (view) => view.setFloat64(0, value, true)),
];
export const floatField = (field: number, value: number): number[] => [
  ...tag(field, 5),
  ...bytesOf(4, (view) => view.setFloat32(0, value, true)),
];
/** A whole number from 0 to 2^53. */
export const integerField = (field: number, value: number): number[] => [...tag(field, 0), ...varint(value)];
export const messageField = (field: number, message: readonly number[]): number[] => [
  ...tag(field, 2),
  ...varint(message.length),
  ...message,
];
export const stringField = (field: number, text: string): number[] =>
  messageField(field, [...new TextEncoder().encode(text)]);
