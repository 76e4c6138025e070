import { cropped } from "../../../image/derived.ts";
import type { Box, Pixels } from "../../../image/pixels.ts";
import { resize } from "../../../image/resize.ts";
import { smartResize } from "../../../image/smart_resize.ts";
import { scenePictures } from "../../../tasks/sources/scenes.ts";
import type { SceneSettings } from "../../../tasks/worlds/world.ts";
import type { verdicts } from "../labels/verdict.ts";
import { shippedView } from "../run/model_inputs.ts";
import { fetchRecording } from "../run/recordings.ts";

/** One rollout of a group that is shown. */
export interface Attempt {
  outcome: keyof typeof verdicts;
  /** Its reward out of the most that is paid, 0 to 1. */
  share: number;
  answer: string | null;
  /** Where it zoomed, in pixels of the picture; null where it did not. */
  boxPx: Box | null;
}

/** A step of which one group is shown. */
export interface ShownStep {
  /** Counted as updates are: from 1. */
  step: number;
  /** Task.id, from which its picture is rendered. */
  task: string;
  question: string;
  answer: string;
  goldBoxPx: Box;
  attempts: readonly Attempt[];
  /** The attempt whose crop is shown: one with the most frequent outcome. */
  chosen: number;
}

/** A recorded run as short as the start page needs it: every step's numbers, and a group of some of them. */
export interface IntroRun {
  scene: Partial<SceneSettings>;
  /** What the whole run took. */
  seconds: number;
  /** A value for each step. */
  accuracy: readonly number[];
  zoomRate: readonly number[];
  shown: readonly ShownStep[];
}

/** Beside the page; made from the whole recording, as a test checks. */
const recording = { title: "of this page", file: "recorded/intro.json" };

/** @throws Error in one sentence where it is not there */
export const fetchIntro = async (): Promise<IntroRun> => JSON.parse(await fetchRecording(recording));

/** What is drawn of a step: the picture, and what the model got of it. */
export interface IntroPictures {
  original: Pixels;
  /** The picture at the size at which the model gets it. */
  seen: Pixels;
  /** The crop that the chosen attempt got, at that size; null where it did not zoom. */
  crop: Pixels | null;
}

/** The same pixels as in the run. */
export function introPictures({ task, attempts, chosen }: ShownStep, scene: Partial<SceneSettings>): IntroPictures {
  const original = scenePictures(task, scene)[0]!;
  const box = attempts[chosen]?.boxPx;
  return { original, seen: asSeen(original), crop: box ? asSeen(cropped(original, box)) : null };
}

function asSeen(picture: Pixels): Pixels {
  const { widthPx, heightPx } = smartResize(picture.height, picture.width, shippedView);
  return resize(picture, widthPx, heightPx);
}

/** How long a group is shown, how long the way to the next one takes, and how long the last one stays. */
const shownMs = 800;
const wayMs = 250;
const lastMs = 3000;

/** How long a run plays before it begins again. */
export const playMs = ({ shown }: Pick<IntroRun, "shown">): number =>
  shown.length * shownMs + (shown.length - 1) * wayMs + lastMs;

/** Where the recording stands: the step of the curves, and which of the groups is shown. */
export function placeAt(ms: number, { shown }: Pick<IntroRun, "shown">): { step: number; index: number } {
  const index = Math.min(shown.length - 1, Math.floor(ms / (shownMs + wayMs)));
  const from = shown[index]!.step;
  const to = shown[index + 1]?.step ?? from;
  const way = Math.min(1, Math.max(0, (ms - index * (shownMs + wayMs) - shownMs) / wayMs));
  return { step: Math.round(from + way * (to - from)), index };
}
