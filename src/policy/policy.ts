import type { Pixels } from "../image/pixels.ts";
import type { SizeLimits } from "../image/smart_resize.ts";

/** Tokens and the pictures that stand in them: one `<|image_pad|>` run a picture, already repeated. */
export interface Passage {
  tokens: number[];
  /** Pictures as the model sees them (resized), in the order of their image tokens. */
  images: Pixels[];
}

/** What a conversation begins with. */
export interface Prompt extends Passage {
  /**
   * What stands behind the prompt in every row before anything is sampled: turns that were written elsewhere, and what
   * answered them; `sampled` of its tokens count as sampled ones in the key of each sample. Absent: nothing does.
   */
  behind?: Passage & { sampled: number };
  /** Whose random numbers its rows use: a task of the step, and its first row among the rollouts of that. Absent: as `Sampling` counts them. */
  place?: { task: number; rollout: number };
}

/** How tokens are sampled. Every sample is keyed by (seed, step, task, rollout, token): order of work does not matter. */
export interface Sampling {
  seed: number;
  step: number;
  /** Index of the first prompt's task in the step, where a step's tasks begin in several chunks; 0 by default. */
  firstTask?: number;
  /** Index of each prompt's first row in its group, where a group's rows are not sampled together; 0 by default. */
  firstRollout?: number;
  /** Divides the logits; 0 takes the most likely token. */
  temperature: number;
  /** Ids that are never sampled. They are left out of the distribution, in sampling and in training alike. */
  suppressed: readonly number[];
  /** Ids that end a turn; the one sampled is part of the turn. */
  stops: readonly number[];
}

/** What the model wrote up to a stop or a limit. */
export interface Turn {
  tokens: number[];
  /** Natural log-probabilities of the tokens under the distribution that they were sampled from; empty where they are not known. */
  logprobs: number[];
  /** Entropies of those distributions, nats; empty where they are not known. */
  entropies: number[];
  /** False where the limit came before a stop token. */
  stopped: boolean;
  /** What environments read, where that is not the tokens' own text: calls in another syntax are given as Hermes'. */
  text?: string;
  /** Where a model elsewhere wrote it. */
  elsewhere?: TurnElsewhere;
  /** Why nothing was written, one sentence: the rollout fails alone. */
  failed?: string;
}

/** What is known of a turn that a model wrote whose weights are not here: on a server (elsewhere/remote_policy.ts), or as graphs. */
export interface TurnElsewhere {
  model: string;
  /** How large it is shown pictures. */
  view: SizeLimits;
  /** Tokens of the turn, and of all that the model had read before it; null where the server does not count. */
  tokenCount: number | null;
  promptTokens: number | null;
  /** The likeliest tokens at each place, by text, with their natural log-probabilities. */
  alternatives?: [text: string, logprob: number][][];
  /** Graphs wrote it: its log-probabilities, entropies and tokens are what was sampled from. */
  graphs?: true;
}

/**
 * Conversations of one batch: `prompts.length` groups of `rolloutsPerPrompt` rows. The group's prompt is computed
 * once; each row has a suffix of its own. Row r belongs to prompt floor(r / rolloutsPerPrompt).
 */
export interface Conversations {
  readonly rows: number;
  /** False once others were begun in its place, or the weights have changed: its prompts must go into the model again. */
  readonly current: boolean;
  /** Lets these rows write until each has stopped or written `maxTokens`. Yields tokens written so far; returns the turns in order of `rows`. */
  write(rows: readonly number[], maxTokens: number): AsyncGenerator<{ tokens: number; waiting: number }, Turn[]>;
  /** Appends what a tool answered: `passages[i]` to row `rows[i]`. Rows must have written before. */
  append(rows: readonly number[], passages: readonly Passage[]): Promise<void>;
  /** Gives the cache back. */
  close(): void;
}

/** Model + sampler: text and images in, tokens with log-probabilities out. */
export interface Policy {
  /** @param suffixTokens  longest suffix of a row, what it writes and what tools answer: its space in the cache is reserved */
  begin(
    prompts: readonly Prompt[],
    rolloutsPerPrompt: number,
    suffixTokens: number,
    sampling: Sampling,
  ): Promise<Conversations>;
}
