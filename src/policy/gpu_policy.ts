import type { Gpu } from "../gpu/gpu.ts";
import type { KernelTime } from "../gpu/kernel_times.ts";
import { noIndex } from "../gpu/tensor.ts";
import { activationBytes, canBind, maxPassBytes } from "../model/activation_size.ts";
import type { ModelConfig } from "../model/config.ts";
import type { Model } from "../model/model.ts";
import { maxPositions, ropePositions } from "../model/positions.ts";
import { inputImage } from "../model/vision_rows.ts";
import type { Conversations, Passage, Policy, Sampling, Turn } from "./policy.ts";
import { type PrefillPart, Workspace } from "./workspace.ts";

/** Tokens that are drawn between two looks from the host: finished rows drop out at a look. */
const tokensPerRead = 8;

/** At most so many patches go through the vision tower in one walk. */
const patchesPerWalk = 8192;

/** The policy whose model runs in our own kernels. */
export class GpuPolicy implements Policy {
  #workspace: Workspace | null = null;
  /** Kernel times of one traced walk of each kind, once `traced` is asked for. */
  readonly traces = new Map<string, KernelTime[]>();
  traced = false;

  constructor(
    readonly gpu: Gpu,
    readonly model: Model,
  ) {}

  async begin(
    prompts: readonly Passage[],
    rolloutsPerPrompt: number,
    suffixTokens: number,
    sampling: Sampling,
  ): Promise<Conversations> {
    const slots = prompts.length * rolloutsPerPrompt;
    const prefixTokens = Math.max(...prompts.map((p) => p.tokens.length));
    if (!this.#workspace?.fits(prompts.length, slots, prefixTokens, suffixTokens)) {
      this.#workspace?.free();
      this.#workspace = new Workspace(this.gpu, this.model, prompts.length, slots, prefixTokens, suffixTokens);
    }
    const conversations = new GpuConversations(this, this.#workspace, prompts, rolloutsPerPrompt, sampling);
    await conversations.start(prompts);
    return conversations;
  }

  /** Gives the caches and recorded plans back. */
  free(): void {
    this.#workspace?.free();
    this.#workspace = null;
  }
}

/** Which passages go through the model in one walk on a device. */
export function chunksOf(parts: readonly PrefillPart[], config: ModelConfig, gpu: Gpu): PrefillPart[][] {
  const chunks: PrefillPart[][] = [];
  let rows = 0;
  let patchCount = 0;
  let bytes = 0;
  for (const part of parts) {
    const count = part.images.reduce((n, { grid }) => n + grid.t * grid.h * grid.w, 0);
    const partBytes = activationBytes(config, part.tokens.length, count);
    const isBound = canBind(config, rows + part.tokens.length, patchCount + count, gpu);
    if (chunks.length === 0 || patchCount + count > patchesPerWalk || bytes + partBytes > maxPassBytes || !isBound) {
      chunks.push([]);
      rows = 0;
      patchCount = 0;
      bytes = 0;
    }
    chunks.at(-1)!.push(part);
    rows += part.tokens.length;
    patchCount += count;
    bytes += partBytes;
  }
  return chunks;
}

/** What the host knows of one row; the same numbers stand on the GPU. */
interface RowState {
  /** Suffix rows in the cache. */
  cached: number;
  /** M-RoPE position of the next token. */
  position: number;
  /** Tokens drawn in the whole conversation, and before this turn. */
  drawn: number;
  turnStart: number;
  lastToken: number;
}

class GpuConversations implements Conversations {
  readonly rows: number;
  readonly #state: RowState[];

  constructor(
    readonly policy: GpuPolicy,
    readonly workspace: Workspace,
    prompts: readonly Passage[],
    readonly rolloutsPerPrompt: number,
    sampling: Sampling,
  ) {
    this.rows = prompts.length * rolloutsPerPrompt;
    workspace.setSampling(sampling);
    this.#state = Array.from({ length: this.rows }, () => ({
      cached: 0,
      position: 0,
      drawn: 0,
      turnStart: 0,
      lastToken: noIndex,
    }));
    prompts.forEach((prompt, task) => {
      for (let g = 0; g < rolloutsPerPrompt; g++)
        workspace.setPlace(
          task * rolloutsPerPrompt + g,
          { task, rollout: g, prefixTokens: prompt.tokens.length },
          sampling.firstTask ?? 0,
        );
    });
  }

  /** Prefills every prompt once and draws each row's first token. */
  async start(prompts: readonly Passage[]): Promise<void> {
    const { mergeSize, imageTokenId } = this.#sizes();
    const parts = prompts.map((prompt, task): PrefillPart => {
      const images = prompt.images.map((shown) => inputImage(shown, this.policy.model.config.vision));
      const positions = ropePositions({
        tokens: prompt.tokens,
        imageTokenId,
        grids: images.map((i) => i.grid),
        mergeSize,
      });
      const slots = Array.from({ length: this.rolloutsPerPrompt }, (_, g) => task * this.rolloutsPerPrompt + g);
      if (positions.next + this.workspace.suffixTokens > maxPositions)
        throw new RangeError(
          `a prompt of ${positions.next} positions and ${this.workspace.suffixTokens} tokens after it go beyond ${maxPositions}`,
        );
      for (const slot of slots) this.#state[slot]!.position = positions.next;
      return {
        tokens: prompt.tokens,
        images,
        positions,
        cacheBegin: this.workspace.prefixBegin(task),
        prefix: null,
        begin: 0,
        slots,
      };
    });
    await this.#prefill(parts);
  }

  async *write(
    rows: readonly number[],
    maxTokens: number,
  ): AsyncGenerator<{ tokens: number; waiting: number }, Turn[]> {
    let waiting = [...rows];
    // A prefill has drawn the first token of the turn already.
    let drawn = 1;
    for (;;) {
      const { tokens, values } = await this.workspace.readDrawn();
      const stops = this.workspace.stops;
      waiting = waiting.filter((row) => {
        const { turnStart } = this.#state[row]!;
        for (let i = 0; i < drawn; i++) if (stops.has(tokens(row, turnStart + i))) return false;
        return true;
      });
      if (waiting.length === 0 || drawn >= maxTokens)
        return rows.map((row) => this.#finishTurn(row, Math.min(drawn, maxTokens), tokens, values));
      yield {
        tokens: rows.reduce((sum, row) => sum + this.#turnLength(row, drawn, tokens), 0),
        waiting: waiting.length,
      };
      const more = Math.min(tokensPerRead, maxTokens - drawn);
      await this.workspace.decode(waiting, more, this.policy);
      drawn += more;
    }
  }

  async append(rows: readonly number[], passages: readonly Passage[]): Promise<void> {
    const { mergeSize, imageTokenId } = this.#sizes();
    const parts = rows.map((row, i): PrefillPart => {
      const state = this.#state[row]!;
      const passage = passages[i]!;
      // The last token that was drawn (the stop) has not been through the model yet.
      const tokens = [state.lastToken, ...passage.tokens];
      const images = passage.images.map((shown) => inputImage(shown, this.policy.model.config.vision));
      const positions = ropePositions({
        tokens,
        imageTokenId,
        grids: images.map((p) => p.grid),
        mergeSize,
        start: state.position,
      });
      const begin = state.cached;
      this.workspace.expectRoom(begin + tokens.length);
      state.cached += tokens.length;
      state.position = positions.next;
      state.turnStart = state.drawn;
      const suffixBegin = this.workspace.suffixBegin(row);
      const prefix = this.workspace.prefixOf(row);
      return { tokens, images, positions, cacheBegin: suffixBegin + begin, prefix, begin, slots: [row] };
    });
    await this.#prefill(parts);
  }

  close(): void {
    // Cache and plans stay with the policy: the next step has the same sizes.
  }

  async #prefill(parts: PrefillPart[]): Promise<void> {
    for (const part of parts)
      for (const slot of part.slots) {
        const { cached, position, drawn } = this.#state[slot]!;
        this.workspace.setState(slot, { cached, position, drawn });
      }
    this.workspace.flushState();
    for (const chunk of chunksOf(parts, this.policy.model.config, this.policy.gpu))
      await this.workspace.prefill(chunk, this.policy);
  }

  #turnLength(row: number, drawn: number, tokens: (row: number, index: number) => number): number {
    const { turnStart } = this.#state[row]!;
    for (let i = 0; i < drawn; i++) if (this.workspace.stops.has(tokens(row, turnStart + i))) return i + 1;
    return drawn;
  }

  #finishTurn(
    row: number,
    drawn: number,
    tokens: (row: number, index: number) => number,
    values: (row: number, index: number) => [logprob: number, entropy: number],
  ): Turn {
    const state = this.#state[row]!;
    const length = this.#turnLength(row, drawn, tokens);
    const turn: Turn = { tokens: [], logprobs: [], entropies: [], stopped: false };
    for (let i = 0; i < length; i++) {
      const [logprob, entropy] = values(row, state.turnStart + i);
      turn.tokens.push(tokens(row, state.turnStart + i));
      turn.logprobs.push(logprob);
      turn.entropies.push(entropy);
    }
    turn.stopped = this.workspace.stops.has(turn.tokens.at(-1)!);
    state.lastToken = turn.tokens.at(-1)!;
    state.drawn = state.turnStart + length;
    state.cached += length - 1;
    state.position += length - 1;
    return turn;
  }

  #sizes(): { mergeSize: number; imageTokenId: number } {
    const { vision, imageTokenId } = this.policy.model.config;
    return { mergeSize: vision.spatialMergeSize, imageTokenId };
  }
}
