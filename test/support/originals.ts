import { readBytes } from "./png.ts";

/** What verl and DeepEyes themselves made of random arguments, turns and responses; see golden/cases/README.md. */
export type Original =
  | {
      suite: "zoom";
      tool: string;
      arguments: string;
      size: [number, number];
      text: string;
      rew?: number;
      crop?: number[] | null;
    }
  | {
      suite: "turn";
      text: string;
      deepeyes: { done: boolean; img: boolean; prompt: string; crop?: number[] | null };
      verl: [content: string, calls: { name: string; arguments: string }[]];
    }
  | {
      suite: "response";
      response: string;
      reply: string | null;
      verl: number | "EXC";
      deepeyes: number | "EXC";
      reasoning: number | "EXC";
      math: number | "EXC";
    };

const all = new TextDecoder()
  .decode(await readBytes(new URL("../golden/cases/originals.jsonl", import.meta.url)))
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Original);

export const originals = <S extends Original["suite"]>(suite: S) =>
  all.filter((one): one is Extract<Original, { suite: S }> => one.suite === suite);
