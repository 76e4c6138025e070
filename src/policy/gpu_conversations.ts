import { noIndex } from "../gpu/tensor.ts";
import { maxPositions, ropePositions } from "../model/positions.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { Conversations, Passage, Sampling, Turn } from "./policy.ts";
import { chunksOf, type PrefillPart, type Traces } from "./prefill.ts";
import type { ConversationState, Look } from "./sampler.ts";
import type { Workspace } from "./workspace.ts";

/** Tokens that are sampled between two reads of the host: finished rows drop out at a read. */
const tokensPerRead = 8;

/** A conversation: row of the batch, slot of the sampler. */
interface Row extends ConversationState {
  readonly row: number;
  /** Rows of the cache that hold its prompt. */
  readonly prefix: readonly [begin: number, end: number];
  /** Tokens sampled before this turn. */
  turnStart: number;
  lastToken: number;
}

interface Options {
  rolloutsPerPrompt: number;
  sampling: Sampling;
  traces: Traces | null;
}

/** Conversations whose keys and values are on the GPU. */
export class GpuConversations implements Conversations {
  readonly rows: number;
  readonly #workspace: Workspace;
  readonly #rows: Row[];
  readonly #traces: Traces | null;

  /** Prefills every prompt once and samples each row's first token. */
  static async begin(prompts: readonly Passage[], workspace: Workspace, options: Options): Promise<GpuConversations> {
    const conversations = new GpuConversations(prompts, workspace, options);
    await conversations.#prefillPrompts(prompts, options.rolloutsPerPrompt);
    return conversations;
  }

  private constructor(
    prompts: readonly Passage[],
    workspace: Workspace,
    { rolloutsPerPrompt, sampling, traces }: Options,
  ) {
    const { sampler } = workspace;
    sampler.configure(sampling);
    this.#workspace = workspace;
    this.#traces = traces;
    this.#rows = prompts.flatMap(({ tokens }, prompt) => {
      const prefixBegin = workspace.prefixBegin(prompt);
      const prefix = [prefixBegin, prefixBegin + tokens.length] as const;
      return Array.from({ length: rolloutsPerPrompt }, (_, rollout): Row => {
        const row = prompt * rolloutsPerPrompt + rollout;
        sampler.setPlace(row, {
          prefixBegin,
          prefixEnd: prefix[1],
          suffixBegin: workspace.suffixBegin(row),
          task: (sampling.firstTask ?? 0) + prompt,
          rollout,
        });
        return { row, prefix, cached: 0, position: 0, sampled: 0, turnStart: 0, lastToken: noIndex };
      });
    });
    this.rows = this.#rows.length;
  }

  async *write(
    rows: readonly number[],
    maxTokens: number,
  ): AsyncGenerator<{ tokens: number; waiting: number }, Turn[]> {
    const writing = rows.map((row) => this.#row(row));
    // A prefill has sampled the first token of the turn already.
    let count = 1;
    for (;;) {
      const look = await this.#workspace.sampler.look();
      const lengths = writing.map((row) => turnLength(row, look));
      const waiting = writing.filter(({ row }) => !look.hasStopped(row));
      if (waiting.length === 0 || count >= maxTokens) return await this.#finishTurns(writing, look);
      yield { tokens: lengths.reduce((a, b) => a + b, 0), waiting: waiting.length };
      const more = Math.min(tokensPerRead, maxTokens - count);
      await this.#workspace.decode(
        waiting.map(({ row }) => row),
        more,
        this.#traces,
      );
      count += more;
    }
  }

  async append(rows: readonly number[], passages: readonly Passage[]): Promise<void> {
    const parts = passages.map((passage, i): PrefillPart => {
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
    });
    await this.#prefill(parts);
  }

  close(): void {
    // Cache and plans stay with the policy: the next step has the same sizes.
  }

  async #prefillPrompts(prompts: readonly Passage[], rolloutsPerPrompt: number): Promise<void> {
    const { suffixTokens } = this.#workspace.size;
    const parts = prompts.map((prompt, index): PrefillPart => {
      const placed = this.#placed(prompt, 0);
      const { next } = placed.positions;
      if (next + suffixTokens > maxPositions)
        throw new RangeError(
          `a prompt of ${next} positions and ${suffixTokens} tokens after it exceed ${maxPositions} positions`,
        );
      const group = this.#rows.slice(index * rolloutsPerPrompt, (index + 1) * rolloutsPerPrompt);
      for (const row of group) row.position = next;
      const slots = group.map(({ row }) => row);
      return { ...placed, cacheBegin: this.#workspace.prefixBegin(index), prefix: null, begin: 0, slots };
    });
    await this.#prefill(parts);
  }

  /** A passage with its pictures as the model takes them and its positions, which begin at `start`. */
  #placed({ tokens, images: pictures }: Passage, start: number) {
    const { vision, imageTokenId } = this.#workspace.model.config;
    const images = pictures.map((pixels) => inputImage(pixels, vision));
    const grids = images.map(({ grid }) => grid);
    const positions = ropePositions({ tokens, imageTokenId, grids, mergeSize: vision.spatialMergeSize, start });
    return { tokens, images, positions };
  }

  async #prefill(parts: readonly PrefillPart[]): Promise<void> {
    const { sampler, model, gpu } = this.#workspace;
    for (const slot of parts.flatMap(({ slots }) => slots)) sampler.setState(slot, this.#row(slot));
    sampler.flush(parts.flatMap(({ slots }) => slots));
    for (const chunk of chunksOf(parts, model.config, gpu)) await this.#workspace.prefill(chunk, this.#traces);
  }

  #row(row: number): Row {
    const state = this.#rows[row];
    if (!state) throw new RangeError(`there is no row ${row} among ${this.#rows.length} conversations`);
    return state;
  }

  async #finishTurns(rows: readonly Row[], look: Look): Promise<Turn[]> {
    const spans = rows.map((row) => ({ slot: row.row, begin: row.turnStart, count: turnLength(row, look) }));
    const sampled = await this.#workspace.sampler.read(spans);
    return rows.map((row, i): Turn => {
      // One for each span.
      const turn = sampled[i]!;
      const length = turn.tokens.length;
      row.lastToken = turn.tokens.at(-1) ?? noIndex;
      row.sampled = row.turnStart + length;
      row.cached += length - 1;
      row.position += length - 1;
      return { ...turn, stopped: look.hasStopped(row.row) };
    });
  }
}

/** Tokens of a row's turn. */
const turnLength = ({ row, turnStart }: Row, look: Look): number => look.sampled(row) - turnStart;
