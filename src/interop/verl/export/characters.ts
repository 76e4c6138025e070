import type { Vocabulary } from "../../../policy/vocabulary.ts";

const picture = "<|image_pad|>";
/** Behind the last code point. */
const pictureId = 0x110000;

/** A vocabulary of characters, but for the token of a picture: what a chat writes can be read as text. */
export const characters: Vocabulary = {
  encode: (text) =>
    text
      .split(/(<\|image_pad\|>)/)
      .flatMap((part) => (part === picture ? [pictureId] : Array.from(part, (letter) => letter.codePointAt(0)!))),
  decode: (ids) => ids.map(textOf).join(""),
  text: (id) => textOf(id),
  texts: (ids) => ids.map(textOf),
  isSpecial: (id) => id === pictureId,
  find: (token) => (token === picture ? pictureId : pictureId + 1),
  id: (token) => (token === picture ? pictureId : pictureId + 1),
  largestId: pictureId + 1,
};

const textOf = (id: number): string => (id === pictureId ? picture : String.fromCodePoint(id));
