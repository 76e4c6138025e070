import { noIndex } from "../gpu/tensor.ts";
import { maxPositions, ropePositions } from "../model/positions.ts";
import { inputImage } from "../model/vision_rows.ts";
import { onHost } from "../timeline.ts";
import type { Conversations, Passage, Prompt, Sampling, Turn } from "./policy.ts";
import { chunksOf, type PrefillPart, type Traces } from "./prefill.ts";
import type { ConversationState, Look, SampledSpan } from "./sampler.ts";
import type { Workspace } from "./workspace.ts";

/** A conversation: row of the batch, slot of the sampler. */
interface Row extends ConversationState {
  readonly row: number;
  /** Rows of the cache that hold its prompt. */
  readonly prefix: readonly [begin: number, end: number];
  /** Turns that it has written. */
  turns: number;
  /** Tokens sampled before this turn. */
  turnStart: number;
  /** Tokens of this turn that were submitted before it was asked for. */
  submitted: number;
  lastToken: number;
}

interface Options {
  rolloutsPerPrompt: number;
  sampling: Sampling;
  traces: Traces | null;
  /** Whether no others have taken its place. */
  isCurrent: () => boolean;
}

/** Conversations whose keys and values are on the GPU. */
export class GpuConversations implements Conversations {
  readonly rows: number;
  readonly #workspace: Workspace;
  readonly #rows: Row[];
  readonly #traces: Traces | null;
  readonly #isCurrent: () => boolean;
  /** At the tokens of the first turn that were submitted before it was asked for. */
  #lookAhead: Reading | null = null;

  /** Prefills every prompt once and samples each row's first token, and some behind it where that saves time. */
  static async begin(prompts: readonly Prompt[], workspace: Workspace, options: Options): Promise<GpuConversations> {
    const conversations = new GpuConversations(prompts, workspace, options);
    await conversations.#prefillPrompts(prompts, options.rolloutsPerPrompt);
    await conversations.#prefillBehind(prompts, options.rolloutsPerPrompt);
    await conversations.#startAhead();
    return conversations;
  }

  private constructor(
    prompts: readonly Prompt[],
    workspace: Workspace,
    { rolloutsPerPrompt, sampling, traces, isCurrent }: Options,
  ) {
    const { sampler } = workspace;
    sampler.configure(sampling);
    this.#workspace = workspace;
    this.#traces = traces;
    this.#isCurrent = isCurrent;
    this.#rows = prompts.flatMap(({ tokens, place }, prompt) => {
      const prefixBegin = workspace.prefixBegin(prompt);
      const prefix = [prefixBegin, prefixBegin + tokens.length] as const;
      return Array.from({ length: rolloutsPerPrompt }, (_, rollout): Row => {
        const row = prompt * rolloutsPerPrompt + rollout;
        sampler.setPlace(row, {
          prefixBegin,
          prefixEnd: prefix[1],
          suffixBegin: workspace.suffixBegin(row),
          task: place?.task ?? (sampling.firstTask ?? 0) + prompt,
          rollout: (place?.rollout ?? sampling.firstRollout ?? 0) + rollout,
        });
        return {
          row,
          prefix,
          cached: 0,
          position: 0,
          sampled: 0,
          turns: 0,
          turnStart: 0,
          submitted: 1,
          lastToken: noIndex,
        };
      });
    });
    this.rows = this.#rows.length;
  }

  get current(): boolean {
    return this.#isCurrent();
  }

  async *write(
    rows: readonly number[],
    maxTokens: number,
  ): AsyncGenerator<{ tokens: number; waiting: number }, Turn[]> {
    const { looks: schedule, sampler } = this.#workspace;
    const writing = rows.map((row) => this.#row(row));
    const turn = writing[0]?.turns ?? 0;
    let waiting = writing;
    // A prefill has sampled the first token of the turn already.
    let count = writing[0]?.submitted ?? 1;
    const underWay: Reading[] = [];
    let last: { count: number; ms: number } | null = null;
    const look = () => {
      const isLikelyLast = schedule.ahead && (count >= maxTokens || !schedule.expectsMore(turn, count));
      const tokens = Math.min(count, maxTokens);
      if (isLikelyLast && tokens * rows.length <= mostReadAhead) {
        underWay.push({ ...this.#look(writing, tokens), count });
        return;
      }
      const found = sampler.look().then((look) => ({ look }));
      // Thrown where it is waited for, which may be later.
      found.catch(() => {});
      underWay.push({ count, found });
    };
    if (count >= maxTokens || schedule.isDue(turn, count)) {
      if (this.#lookAhead && turn === 0) underWay.push(ofRows(this.#lookAhead, rows));
      else look();
    }
    try {
      for (;;) {
        // Each look stands in the queue behind its tokens, and before the next ones.
        const mayFollow = () => underWay.length === 0 || (schedule.ahead && schedule.expectsMore(turn, count));
        while (underWay.length < schedule.depth && count < maxTokens && mayFollow()) {
          const more = Math.min(schedule.until(turn, count, underWay.length > 0), maxTokens - count);
          const slots = waiting.map(({ row }) => row);
          await onHost("decode", () => this.#workspace.decode(slots, more, this.#traces));
          count += more;
          look();
        }
        const reading = underWay.shift()!;
        const { look: seen, samples: read } = await reading.found;
        const now = performance.now();
        if (last) schedule.paced(reading.count - last.count, now - last.ms);
        last = { count: reading.count, ms: now };
        const lengths = writing.map((row) => Math.min(turnLength(row, seen), maxTokens));
        waiting = writing.filter(({ row }) => !seen.hasStopped(row));
        if (waiting.length === 0 || reading.count >= maxTokens) {
          schedule.learn(turn, lengths);
          const samples = read ?? (await sampler.read(spansOf(writing, (i) => lengths[i]!)));
          return this.#finishTurns(writing, { look: seen, lengths, samples });
        }
        yield { tokens: lengths.reduce((a, b) => a + b, 0), waiting: waiting.length };
      }
    } finally {
      for (const { found } of underWay) this.#workspace.leave(found);
    }
  }

  async append(rows: readonly number[], passages: readonly Passage[]): Promise<void> {
    const parts = passages.map(
      (passage, i): PrefillPart =>
        onHost("patches and positions", () => {
          const state = this.#row(rows[i] ?? -1);
          // The last token that was sampled (the stop) is not in the cache yet.
          const tokens = [state.lastToken, ...passage.tokens];
          const placed = this.#placed({ ...passage, tokens }, state.position);
          const { cached: begin, row, prefix } = state;
          this.#workspace.expectCapacity(begin + tokens.length);
          state.cached += tokens.length;
          state.position = placed.positions.next;
          state.turnStart = state.sampled;
          const cacheBegin = this.#workspace.suffixBegin(row) + begin;
          return { ...placed, cacheBegin, prefix, begin, slots: [row] };
        }),
    );
    await this.#prefill(parts);
  }

  close(): void {
    // Cache and plans stay with the policy: the next step has the same sizes.
    if (this.#lookAhead) this.#workspace.leave(this.#lookAhead.found);
    this.#lookAhead = null;
  }

  async #prefillPrompts(prompts: readonly Prompt[], rolloutsPerPrompt: number): Promise<void> {
    const { suffixTokens } = this.#workspace.size;
    this.#workspace.prepareDecode(this.rows);
    const parts = prompts.map(
      (prompt, index): PrefillPart =>
        onHost("patches and positions", () => {
          const placed = this.#placed(prompt, 0);
          const { next } = placed.positions;
          if (next + suffixTokens > maxPositions)
            throw new RangeError(
              `a prompt of ${next} positions and ${suffixTokens} tokens after it exceed ${maxPositions} positions`,
            );
          const group = this.#rows.slice(index * rolloutsPerPrompt, (index + 1) * rolloutsPerPrompt);
          for (const row of group) row.position = next;
          // Behind a prompt with more behind it nothing is sampled yet.
          const slots = prompt.behind ? [] : group.map(({ row }) => row);
          return { ...placed, cacheBegin: this.#workspace.prefixBegin(index), prefix: null, begin: 0, slots };
        }),
    );
    await this.#prefill(parts);
  }

  /** Puts what stands behind prompts into the rows, which sample their first token there. */
  async #prefillBehind(prompts: readonly Prompt[], rolloutsPerPrompt: number): Promise<void> {
    const parts = prompts.flatMap(({ behind }, index) => {
      if (!behind) return [];
      const { tokens, sampled } = behind;
      this.#workspace.expectCapacity(tokens.length + 1);
      return this.#rows.slice(index * rolloutsPerPrompt, (index + 1) * rolloutsPerPrompt).map((row): PrefillPart => {
        const placed = this.#placed(behind, row.position);
        row.cached = tokens.length;
        row.position = placed.positions.next;
        row.sampled = row.turnStart = sampled;
        const cacheBegin = this.#workspace.suffixBegin(row.row);
        return { ...placed, cacheBegin, prefix: row.prefix, begin: 0, slots: [row.row] };
      });
    });
    if (parts.length > 0) await this.#prefill(parts);
  }

  /** A passage with its pictures as the model takes them and its positions, which begin at `start`. */
  #placed({ tokens, images: pictures }: Passage, start: number) {
    const { vision, imageTokenId } = this.#workspace.model.config;
    const images = pictures.map((pixels) => inputImage(pixels, vision));
    const grids = images.map(({ grid }) => grid);
    const positions = ropePositions({ tokens, imageTokenId, grids, mergeSize: vision.spatialMergeSize, start });
    return { tokens, images, positions };
  }

  /** Tokens of the first turn of all rows, behind their prompts. */
  async #startAhead(): Promise<void> {
    const { looks, size } = this.#workspace;
    const longest = Math.max(...this.#rows.map(({ cached }) => cached));
    const count = looks.headStart(size.suffixTokens - 1 - longest);
    if (count === 0) return;
    for (const row of this.#rows) row.submitted += count;
    const rows = this.#rows.map(({ row }) => row);
    await onHost("decode", () => this.#workspace.decode(rows, count, this.#traces));
    // Read before the first turn is asked for, while the host is at something else.
    const submitted = 1 + count;
    const isLikelyAll = looks.isDue(0, submitted) && !looks.expectsMore(0, submitted);
    if (isLikelyAll && submitted * rows.length <= mostReadAhead) this.#lookAhead = this.#look(this.#rows, submitted);
  }

  /** Looks at rows that write, and reads so many tokens of each turn. What is thrown is thrown where it is waited for. */
  #look(rows: readonly Row[], count: number): Reading {
    const found = this.#workspace.sampler.lookAndRead(spansOf(rows, () => count));
    found.catch(() => {});
    return { count, found };
  }

  async #prefill(parts: readonly PrefillPart[]): Promise<void> {
    const { sampler, model, gpu } = this.#workspace;
    const slots = parts.flatMap((part) => part.slots);
    for (const slot of slots) sampler.setState(slot, this.#row(slot));
    sampler.flush(slots);
    for (const chunk of chunksOf(parts, model.config, gpu))
      await onHost("prefill", () => this.#workspace.prefill(chunk, this.#traces));
  }

  #row(row: number): Row {
    const state = this.#rows[row];
    if (!state) throw new RangeError(`there is no row ${row} among ${this.#rows.length} conversations`);
    return state;
  }

  #finishTurns(
    rows: readonly Row[],
    { look, lengths, samples }: { look: Look; lengths: readonly number[]; samples: readonly SampledSpan[] },
  ): Turn[] {
    return rows.map((row, i): Turn => {
      const length = lengths[i]!;
      const { tokens, logprobs, entropies } = samples[i]!;
      // More were read where it was not known yet how many there are.
      for (const read of [tokens, logprobs, entropies]) read.length = length;
      const stopped = look.hasStopped(row.row) && turnLength(row, look) === length;
      row.lastToken = tokens.at(-1) ?? noIndex;
      row.sampled = row.turnStart + length;
      row.cached += length - 1;
      row.position += length - 1;
      row.turns++;
      row.submitted = 1;
      return { tokens, logprobs, entropies, stopped };
    });
  }
}

/** A look at rows that write, and their tokens where it is likely the last. */
interface Reading {
  /** Tokens of the turn that were submitted before it. */
  count: number;
  found: Promise<{ look: Look; samples?: SampledSpan[] }>;
}

/** Of what was read of all rows that of some. */
function ofRows({ count, found: ofAll }: Reading, rows: readonly number[]): Reading {
  const found = ofAll.then(({ look, samples }) => ({
    look,
    ...(samples && { samples: rows.map((row) => samples[row]!) }),
  }));
  found.catch(() => {});
  return { count, found };
}

/** Samples that are read though some of them may be none: 12 bytes each. */
const mostReadAhead = 65_536;

const spansOf = (rows: readonly Row[], count: (i: number) => number) =>
  rows.map(({ row, turnStart }, i) => ({ slot: row, begin: turnStart, count: count(i) }));

/** Tokens of a row's turn. */
const turnLength = ({ row, turnStart }: Row, look: Look): number => look.sampled(row) - turnStart;
