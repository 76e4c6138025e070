import type { Rollout } from "../../src/agent/rollout.ts";
import { type ListParts, RolloutLists } from "../../src/app/web/worker/rollout_lists.ts";
import { type ElsewhereParts, rollElsewhere } from "../../src/app/web/worker/rolls.ts";
import type { AskedAttention, Attention } from "../../src/app/worker_api/asked_attention.ts";
import type { AnsweredBy, WeightsChoice } from "../../src/app/worker_api/asked_weights.ts";
import type { AskedBranch, Branch } from "../../src/app/worker_api/branch_api.ts";
import type {
  AskedRoll,
  AskedRollByGraphs,
  AskedRollElsewhere,
  AskedRollHere,
  RolledElsewhere,
  RolledHere,
} from "../../src/app/worker_api/roll_api.ts";
import type { RolloutApi } from "../../src/app/worker_api/rollout_api.ts";
import type { Alternative, AskedMeasures, MeasuredToken, Measures } from "../../src/app/worker_api/token_measures.ts";
import type {
  AskedEvaluation,
  AskedGroup,
  AskedWorths,
  CausalEvaluation,
  SeenPictures,
  Worths,
} from "../../src/app/worker_api/worth_api.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import type { RolloutMark } from "../../src/train/rollout_mark.ts";
import type { ZoomWorth } from "../../src/train/zoom_worth.ts";
import { FakeBranches } from "./fake_branches.ts";

interface FakeRolloutParts {
  /** Before each answer, milliseconds. */
  delayMs: number;
  /** Takes what was asked, for tests. */
  asked: string[];
  /** Text of each token, grows. */
  vocabulary: readonly string[];
  /** A rollout as a run makes it that has made so many steps. */
  roll(asked: AskedRoll, experience: number): Rollout;
  /** The log of a stored run, and that of the run under way. @throws Error where there is none of that name */
  stored(name: string): readonly TrainEvent[];
  /** What a policy elsewhere is asked with; none where there is no platform. */
  elsewhere?: ElsewhereParts;
}

/** Answers about the rollouts of a fake run: invented, and the same ones for the same question. */
export class FakeRollouts extends RolloutLists implements RolloutApi {
  readonly #parts: FakeRolloutParts;
  readonly #branches = new FakeBranches();

  constructor(parts: FakeRolloutParts) {
    super(fakeListParts(parts.stored));
    this.#parts = parts;
  }

  /** Two layers of two heads over pictures of 4 x 4 tokens; each head looks at one token, of its own number. */
  async attention({ rollout, index, weights = "now" }: AskedAttention): Promise<Attention> {
    await this.#asked(`attention ${rollout.id} ${index} ${weights}`);
    const written = rollout.segments.map(({ source, tokens }) => (source === "model" ? tokens.length : 0));
    const segment = written.findIndex((_, i) => written.slice(0, i + 1).reduce((sum, n) => sum + n, 0) > index);
    const shown = rollout.segments.slice(0, segment).reduce((n, { images }) => n + images.length, 0);
    const M = 16 * shown;
    const weightsOf = (head: number) => Array.from({ length: M }, (_, m) => (m === head ? 0.5 : 0.01));
    return {
      layers: 2,
      heads: 2,
      pictures: Array.from({ length: shown }, () => ({ across: 4, down: 4 })),
      weights: Float32Array.from([0, 1, 2, 3].flatMap(weightsOf)),
      rolled: Float32Array.from({ length: M }, (_, m) => (m === 5 ? 0.25 : 0)),
      sums: Float32Array.of(1, 1, 1, 1),
      by: { weights, step: weights === "now" ? null : 0 },
    };
  }

  async branch(asked: AskedBranch): Promise<{ branch: Branch; notKept: string | null }> {
    await this.#asked(`branch ${asked.rollout.id} ${asked.what.kind} ${asked.seed} ${asked.greedy}`);
    return this.#branches.branch(asked, (token) => this.#parts.vocabulary[token]!);
  }

  branches(tree: string): Promise<Branch[]> {
    return this.#branches.branches(tree);
  }

  removeBranches(tree: string, ids: string[]): Promise<void> {
    return this.#branches.removeBranches(tree, ids);
  }

  /** Of other weights the same, each a little further from what was written. */
  async measures({ rollout, weights = "now", other = null, start = false }: AskedMeasures): Promise<Measures> {
    await this.#asked(`measures ${rollout.id} ${weights} ${other}`);
    const step = { now: null, start: 0, checkpoint: 2 };
    const away = { now: 0.25, start: 0.1, checkpoint: 0 };
    const tokens = rollout.segments
      .filter((segment) => segment.source === "model")
      .flatMap(({ tokens, logprobs, entropies }) =>
        tokens.map((token, i): MeasuredToken => {
          // Up at one token, down at the next
          const moved = (by: WeightsChoice) => Math.min(-1e-3, logprobs[i]! + (i % 2 === 0 ? 1 : -1) * away[by]);
          return {
            alternatives: this.#alternatives(token, moved(weights), other && moved(other)),
            logprob: moved(weights),
            entropy: entropies[i]!,
            spread: 1 - Math.exp(moved(weights)),
            otherLogprob: other && moved(other),
            kl: other && Math.abs(moved(weights) - moved(other)) / 4,
            startLogprob: start || other === "start" || weights === "start" ? moved("start") : null,
          };
        }),
      );
    const by = { weights, step: step[weights] };
    const beside = other && { weights: other, step: step[other] };
    return { tokens, by, other: beside, otherProblem: null, startProblem: null };
  }

  /** A picture of a tool that was looked at is worth nearly all; other weights need it a little less. */
  async worths({ rollouts, task, weights = "now", other }: AskedWorths): Promise<Worths> {
    await this.#asked(`worths ${rollouts.map(({ id }) => id).join(" ")} ${weights} ${other?.rollout.id ?? "none"}`);
    const by: AnsweredBy = { weights, step: weights === "now" ? null : 0 };
    const worths = rollouts.flatMap(({ id, answer, calls }): ZoomWorth[] => {
      if (answer === null) return [];
      const right = answer === task.answer;
      const blind = { blank: 0.11, none: 0.1, whole: 0.12, ...(other && { other: 0.08 }) };
      const tool = calls.length > 0 ? (right ? 0.94 : 0.03) : 0.1;
      const gold = { tool, ...blind };
      const given = right ? gold : { ...blind, tool: calls.length > 0 ? 0.9 : 0.1 };
      return [{ rollout: id, called: calls.length > 0, gold, given }];
    });
    return { worths, by };
  }

  async sight({ rollouts, weights = "now" }: AskedGroup): Promise<SeenPictures> {
    await this.#asked(`sight ${rollouts.length} ${weights}`);
    return { sight: { tokens: 20 * rollouts.length, loss: 0.1, blankLoss: 0.42 }, by: { weights, step: null } };
  }

  async evaluate({ tasks, weights = "now", step }: AskedEvaluation): Promise<CausalEvaluation> {
    await this.#asked(`evaluate ${tasks} ${weights} ${step}`);
    const gold = { tool: 0.91, blank: 0.11, other: 0.1, whole: 0.12, none: 0.1 };
    const counts = { rollouts: tasks, answered: tasks, called: tasks - 1 };
    const sums = { withTool: 0.9, withoutTool: 0.1, gain: 0.82, harm: 0.02 };
    const causal = { ...counts, gold, given: { ...gold, tool: 0.95 }, ...sums };
    return { tasks, metrics: { accuracy: 0.9, zoom_rate: 0.99 }, causal, by: { weights, step: null } };
  }

  /** Weights at the start know little, others much. */
  async roll(asked: AskedRollHere): Promise<RolledHere> {
    const { weights = "now", task, step } = asked;
    await this.#asked(`roll ${task.id} ${weights} ${step} ${asked.greedy ? "greedy" : `seed ${asked.config.seed}`}`);
    const by = { weights, step: { now: null, start: 0, checkpoint: Math.min(step, 30) }[weights] };
    return { rollout: this.#parts.roll(asked, weights === "start" ? 1 : 30), by };
  }

  async rollElsewhere(asked: AskedRollElsewhere): Promise<RolledElsewhere> {
    const { task, server } = asked;
    await this.#asked(`elsewhere ${task.id} ${server.url} ${server.model || "its first model"}`);
    const { elsewhere } = this.#parts;
    if (!elsewhere) throw new Error("There is no server");
    return rollElsewhere(elsewhere, asked, new AbortController().signal);
  }

  async rollByGraphs(asked: AskedRollByGraphs): Promise<RolledElsewhere> {
    const { task, graphs } = asked;
    await this.#asked(`graphs ${task.id} ${graphs.folder} ${graphs.dtype || "any"} ${graphs.device}`);
    const rollout = { ...this.#parts.roll(asked, 30), elsewhere: { model: graphs.folder, graphs: true as const } };
    return { rollout, notices: [`${graphs.folder} on a fake device`] };
  }

  async graphsLoading(): Promise<null> {
    return null;
  }

  async stopElsewhere(): Promise<void> {
    this.#parts.asked.push("stop elsewhere");
  }

  async #asked(line: string): Promise<void> {
    this.#parts.asked.push(line);
    if (this.#parts.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#parts.delayMs));
  }

  /** The token as likely as is said, and what the vocabulary has beside it. */
  #alternatives(token: number, logprob: number, other: number | null): Alternative[] {
    const { vocabulary } = this.#parts;
    const ids = [token, ...[1, 2, 3, 4].map((by) => (token + by) % vocabulary.length)];
    const share = (log: number, i: number) =>
      i === 0 ? Math.exp(log) : ((1 - Math.exp(log)) * 0.6 * 0.5 ** i) / 0.9375;
    return ids
      .map((id, i) => ({
        token: id,
        text: vocabulary[id]!,
        probability: share(logprob, i),
        other: other === null ? null : share(other, i),
      }))
      .sort((a, b) => b.probability - a.probability);
  }
}

/** Logs as a browser keeps them, and marks as long as the page is there. */
function fakeListParts(stored: FakeRolloutParts["stored"]): ListParts {
  const marks = new Map<string, RolloutMark>();
  const linesOf = (events: readonly TrainEvent[]): string[] => events.map((event) => JSON.stringify(event));
  return {
    async *storedPieces(name) {
      yield { text: linesOf(stored(name)).join("\n"), share: 1 };
    },
    storedStep: async (name, step) =>
      linesOf(
        stored(name).filter((event) => (event.type === "tasks" || event.type === "group") && event.step === step),
      ),
    keptMarks: async (tree) => [...marks].flatMap(([key, mark]) => (key === `${tree} ${mark.rollout}` ? [mark] : [])),
    keepMark: async (tree, mark) => void marks.set(`${tree} ${mark.rollout}`, mark),
  };
}
