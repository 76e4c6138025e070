/** CRC-32 as zip files have it (ISO 3309), piece by piece. */
export class Crc32 {
  #state = 0xffffffff;

  add(bytes: Uint8Array): void {
    let crc = this.#state;
    for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
    this.#state = crc;
  }

  get value(): number {
    return (this.#state ^ 0xffffffff) >>> 0;
  }
}

/** ISO 3309's polynomial, bits reversed. */
const polynomial = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc;
});
