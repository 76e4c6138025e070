import type { Box, Pixels } from "../image/pixels.ts";
import type { SizeLimits } from "../image/smart_resize.ts";

/** Where a segment of tokens came from. Only "model" tokens carry a gradient. */
export type Source = "prompt" | "model" | "tool";

/** Tokens that came from one source, in the order in which the model saw them. A "model" segment is one turn. */
export interface Segment {
  source: Source;
  tokens: number[];
  /** Natural log-probability of each token when it was sampled; empty unless source is "model", and where they are not known. */
  logprobs: number[];
  /** Entropy in nats of the distribution that each token was sampled from; empty unless source is "model", and where they are not known. */
  entropies: number[];
  /** Indices into the rollout's pictures (task pictures first, then crops) that stand in this segment, in order. */
  images: number[];
  /**
   * Ranges of tokens that a person put there: of branches only (branch.ts), which no log holds. They were never sampled; where
   * the segment is the model's, log-probability and entropy stand as 0.
   */
  given?: [from: number, to: number][];
  /** In rollouts from elsewhere: the text of each token, whose number in `tokens` means nothing then. */
  texts?: string[];
  /** In rollouts from elsewhere: how many tokens the segment is to its model, null where its server does not count them. */
  tokenCount?: number | null;
  /**
   * In rollouts from elsewhere, where the server reports them: the likeliest tokens at each place, by text, with their
   * natural log-probabilities.
   */
  alternatives?: [text: string, logprob: number][][];
}

/** How likely the task's right answer was around a call, under the weights that wrote it (train/call_probes.ts). */
export interface CallProbe {
  /** Index in the call's segment of its first token; what stands before is thought. */
  from: number;
  /** Probabilities, 0 to 1, where an answer is asked for in the place of the call, and behind its result. */
  before: number;
  after: number;
}

/** One tool call that the model wrote, and what came of it. */
export interface ToolCall {
  /** Index of the "model" segment that made the call. */
  segment: number;
  name: string;
  /** "ok", one of `callFaults`, or one of the tool's own `outcomes` (tools/tool.ts). */
  outcome: string;
  /** What the model reads where the outcome is not "ok". */
  message?: string;
  /** The four numbers as written. */
  boxWritten?: number[];
  /** What was cut out, after the tool's own widening; only if "ok". */
  boxSourcePx?: Box;
  /** The same in the model input, where the tool cut from that (verl). */
  boxShownPx?: Box;
  /** How far the picture was turned, anticlockwise, where the tool turned it. */
  rotateDegrees?: number;
  /** The picture that the call was about: index into the rollout's pictures. */
  imageIndex?: number;
  label?: string;
  /** Overlap of boxSourcePx with the task's gold box, 0 to 1; absent without a gold box. */
  iou?: number;
  /** Whether a reader read the task's right answer in the picture that the tool gave, as the model saw it; absent without one. */
  legible?: boolean;
  /** What else the tool needs to make its picture again: plain data of its own. */
  details?: Record<string, unknown>;
  /** Of runs that give calls credit (knobs callCredit, callRouting), where a tool answered: calls of one turn have the same. */
  probe?: CallProbe;
  /** False where the tool gave a picture that no replay can make again. */
  pictureKept?: false;
  /** What a person put in the place of what the tool gave: of branches only, which no log holds. */
  replaced?: ReplacedResult;
}

/** The result of a call as a person chose it. */
export interface ReplacedResult {
  kind: "blank" | "shuffled" | "box" | "whole" | "picture" | "error";
  /** In the place of the tool's; absent where the model got a text alone. */
  picture?: Pixels;
  /** Which part of the task's first picture it is, where it is one. */
  boxSourcePx?: Box;
}

/** A call before it is known where it was made. */
export type Call = Omit<ToolCall, "segment">;

/** How a rollout ended; "error" means that a tool or something around the model failed, and the group goes on without it. */
export type End = "answer" | "malformed" | "length" | "turns" | "error";

/** Named parts of a reward, each already weighted, and their sum. */
export interface Reward {
  parts: Record<string, number>;
  total: number;
  /** Whether the answer was judged right; the parts do not tell where a weight is 0. */
  right: boolean;
  /** Which rule or judge decided on the answer, for people to read. */
  verdict: string;
}

/**
 * The text behind the prompt, decoded. Small in a log: special tokens, pictures' above all, stand by
 * their places and counts. `response_text.ts` makes and reads it.
 */
export interface ResponseText {
  /** Without special tokens, as verl decodes it. */
  plain: string;
  /** Where in `plain` runs of a special token stand, and how long each is, in order. */
  special?: [at: number, token: string, times: number][];
  /** With special tokens, as DeepEyes decodes it, where it cannot be made from the two above. */
  whole?: string;
}

/** What a judge that reads was asked about an answer, and what it said. The texts are shortened (reward/judges/judge_words.ts). */
export interface JudgeWords {
  /** Who was asked, as its server calls it. */
  model: string;
  /** The messages of the request, one after another, each below its role. */
  prompt: string;
  /** Null where none came; `Rollout.unjudged` says why. */
  reply: string | null;
  /** From sending the last request to its reply; absent where the reply came from the cache. */
  latencyMs?: number;
}

/** How an answer was judged: all that a reward needs to be computed again. */
export interface Judged {
  /** Null where the judge failed. */
  verdict: {
    right: boolean;
    rule: string;
    /** What each said where several models were asked, null where one gave no verdict. */
    votes?: readonly { model: string; right: boolean | null }[];
  } | null;
  /** Whether the answer follows from its thought, null where the judge could not say; absent where the reward does not ask. */
  consistent?: boolean | null;
  /** Absent where no model was asked, and in logs of early runs. */
  words?: JudgeWords;
}

/** One attempt at one task: what the model got, wrote and was judged to be. Plain data, from worker to page to disk. */
export interface Rollout {
  /** `${step}·${taskIndex}·${rolloutIndex}` */
  id: string;
  /** The step of the run, counted from 1. */
  step: number;
  taskIndex: number;
  rolloutIndex: number;
  /** Task.id */
  task: string;
  segments: Segment[];
  calls: ToolCall[];
  end: End;
  error?: string;
  /** What stands in the answer, null where there is none. */
  answer: string | null;
  /** Absent until it is judged, and in logs of early runs. */
  response?: ResponseText;
  /** Absent until it is judged, where `end` is "error", and in logs of early runs. */
  judged?: Judged;
  /** Null until scored, and for good where judging failed: never 0. */
  reward: Reward | null;
  /** Why the judge failed, one sentence; absent where there is a verdict. A reward beside it is what `judgeFailure` pays. */
  unjudged?: string;
  /** Null until the group is complete, and where reward is null. Of the tokens that enter the loss (train/trained_tokens.ts). */
  advantage: number | null;
  /**
   * Its tokens before `token`, counted through all segments from 0, are those of another rollout of its group; from there on it was
   * sampled (train/resampled_calls.ts).
   */
  continues?: { rollout: string; token: number };
  /** Other rollouts continue it from this token on, counted likewise; what it wrote from there on itself enters no loss. */
  continuedAt?: number;
  /** Set where a model wrote it whose weights are not here, on a server or as graphs: nothing can be trained on it, and what the server does not say is not known. */
  elsewhere?: {
    model: string;
    /** How large it was shown pictures; a factor is the side of the square that one of its image tokens is taken to cover. */
    view?: SizeLimits;
    /** It ran here as ONNX graphs: what is not known of a server's tokens is known of these. */
    graphs?: true;
  };
}

/** What happens while rollouts are made. */
export type RollEvent =
  /** Tokens decoded so far in this step, for a progress line; `waiting` rollouts still write in their turn, `done` are over. */
  {
    type: "decode";
    step: number;
    turn: number;
    tokens: number;
    waiting: number;
    done: number;
    /** Those that write continue others. */
    again?: true;
  };

/** All rollouts of a task have ended: they can be judged while others still write. Not an event of the log. */
export interface GroupEnded {
  type: "ended";
  /** Among the tasks that are rolled. */
  taskIndex: number;
  rollouts: Rollout[];
  /** By rollout: model inputs of the pictures that tools gave. */
  toolImages: Pixels[][];
}
