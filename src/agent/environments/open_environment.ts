import type { Box, Pixels } from "../../image/pixels.ts";
import type { Call, View, ZoomSettings } from "../tools/zoom.ts";
import { deepEyesListener } from "./deepeyes.ts";
import { saccadeListener } from "./saccade.ts";
import { verlListener } from "./verl.ts";

/** What the world makes of one closed turn of the model. */
export type Heard =
  /** The rollout is over; calls that failed on the way are told. */
  | { end: "answer" | "malformed" | "turns"; answer: string | null; calls: Call[] }
  /** The tool answers and the model goes on: with a picture, or with a sentence alone. */
  | { end: null; calls: Call[]; said: string; cut: Pixels | null };

/** A turn and where it was spoken. */
export interface Spoken {
  /** The whole turn, special tokens included. */
  text: string;
  /** The pictures of the conversation so far, task pictures first. */
  views: readonly View[];
  /** Whether one more call is allowed. */
  mayCall: boolean;
  /** Whether the task offers tools at all. */
  tools: boolean;
  goldBoxSourcePx?: Box;
}

/** Reads a turn, and answers it where it calls a tool. Never throws for what the model wrote. */
export type Listener = (spoken: Spoken) => Heard;

export interface ListeningSettings extends ZoomSettings {
  /** Whose behaviour: ours, or one of the originals to the letter. */
  tool: "saccade" | "verl" | "deepeyes";
  /** compact: a turn must be exactly a call or an answer; else both are looked for in free text. */
  prompt: "compact" | "verl" | "deepeyes";
  /** Whether a bad call ends the rollout or is answered with a sentence; the originals have rules of their own. */
  toolErrors: "end" | "answer";
  /** Whether image_rotate_tool is carried out. */
  rotate: boolean;
}

export function listener(settings: ListeningSettings): Listener {
  if (settings.tool === "verl") return verlListener(settings);
  return settings.tool === "deepeyes" ? deepEyesListener(settings) : saccadeListener(settings);
}
