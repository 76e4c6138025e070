/**
 * The bytes of protobuf messages (https://protobuf.dev/programming-guides/encoding), as far as ONNX files need them. A
 * message may hold bytes that do not exist yet, of a known number: a model's weights need not be in memory for that.
 */

/** Bytes that are made when the file is written. */
export interface Later<Source> {
  sizeBytes: number;
  source: Source;
}

export type Part<Source> = Uint8Array | Later<Source>;

const isBytes = <Source>(part: Part<Source>): part is Uint8Array => part instanceof Uint8Array;
const sizeOf = <Source>(part: Part<Source>): number => (isBytes(part) ? part.length : part.sizeBytes);

const wire = { varint: 0, delimited: 2, fixed32: 5 } as const;
const encoder = new TextEncoder();

/** A message, to which fields are added in the order in which they are to stand in it. */
export class Message<Source = never> {
  readonly #parts: Part<Source>[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Its bytes in order; neighbours that are there already are one part. */
  get parts(): readonly Part<Source>[] {
    return this.#parts;
  }

  /** Any whole number; a negative one has the ten bytes of its 64-bit two's complement. */
  integer(field: number, value: number | bigint): this {
    return this.#add(tag(field, wire.varint)).#add(varint(BigInt(value)));
  }

  /** 32 bits. */
  float(field: number, value: number): this {
    return this.#add(tag(field, wire.fixed32)).#add(new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#head(field, value.length).#add(value);
  }

  later(field: number, value: Later<Source>): this {
    return this.#head(field, value.sizeBytes).#add(value);
  }

  message(field: number, value: Message<Source>): this {
    this.#head(field, value.sizeBytes);
    for (const part of value.parts) this.#add(part);
    return this;
  }

  integers(field: number, values: readonly (number | bigint)[]): this {
    for (const value of values) this.integer(field, value);
    return this;
  }

  #head(field: number, sizeBytes: number): this {
    return this.#add(tag(field, wire.delimited)).#add(varint(BigInt(sizeBytes)));
  }

  #add(part: Part<Source>): this {
    this.#sizeBytes += sizeOf(part);
    this.#parts.push(part);
    return this;
  }
}

const tag = (field: number, type: number): Uint8Array => varint(BigInt(field * 8 + type));

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** Small parts as one array each, between those that are made later. */
export function* joined<Source>(parts: Iterable<Part<Source>>): Generator<Part<Source>> {
  let run: Uint8Array[] = [];
  const flush = function* (): Generator<Uint8Array> {
    if (run.length > 0) yield concatenated(run);
    run = [];
  };
  for (const part of parts) {
    if (isBytes(part)) run.push(part);
    else {
      yield* flush();
      yield part;
    }
  }
  yield* flush();
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
