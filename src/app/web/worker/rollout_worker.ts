import { transfer } from "comlink";
import type { RolloutMark } from "../../../train/rollout_mark.ts";
import type { ListRow } from "../../rollout_list/list_row.ts";
import type { AskedAttention, Attention } from "../../worker_api/asked_attention.ts";
import type { AskedBranch, Branch } from "../../worker_api/branch_api.ts";
import type { AskedList, FoundList, ListedRun, LogPiece, LogSource, RecalledStep } from "../../worker_api/list_api.ts";
import type {
  AskedRollByGraphs,
  AskedRollElsewhere,
  AskedRollHere,
  RolledElsewhere,
  RolledHere,
} from "../../worker_api/roll_api.ts";
import type { RolloutApi } from "../../worker_api/rollout_api.ts";
import type { AskedMeasures, Measures } from "../../worker_api/token_measures.ts";
import type {
  AskedEvaluation,
  AskedGroup,
  AskedWorths,
  CausalEvaluation,
  SeenPictures,
  Worths,
} from "../../worker_api/worth_api.ts";
import { keptBranches, removeBranches } from "./branch_store.ts";
import { BranchWorker } from "./branch_worker.ts";
import { GraphRolls } from "./graph_rolls.ts";
import { keepMark, keptMarks } from "./mark_store.ts";
import { RolloutLists } from "./rollout_lists.ts";
import { measureRollout } from "./rollout_measures.ts";
import { evaluateWorth, groupSight, groupWorths } from "./rollout_worths.ts";
import { type ElsewhereParts, rollElsewhere, rollHere } from "./rolls.ts";
import { storedPieces, storedStep } from "./stored_pieces.ts";
import type { WeightsBeside } from "./weights_beside.ts";

/** Does something while no event of a run is under way. */
type Between = <T>(work: () => Promise<T>) => Promise<T>;

/** The worker's half of questions about rollouts. */
export class RolloutWorker implements RolloutApi {
  /** Takes what happens in the run under way, too. */
  readonly lists = new RolloutLists({ storedPieces, storedStep, keptMarks, keepMark });
  readonly #weights: WeightsBeside;

  readonly #branches: BranchWorker;
  readonly #between: Between;
  readonly #elsewhere: ElsewhereParts;
  readonly #graphs: GraphRolls;
  #stopElsewhere = new AbortController();

  constructor(weights: WeightsBeside, between: Between, elsewhere: ElsewhereParts) {
    this.#weights = weights;
    this.#branches = new BranchWorker(weights, between);
    this.#between = between;
    this.#elsewhere = elsewhere;
    this.#graphs = new GraphRolls(elsewhere);
  }

  branch(asked: AskedBranch): Promise<{ branch: Branch; notKept: string | null }> {
    return this.#branches.branch(asked);
  }

  branches(tree: string): Promise<Branch[]> {
    return keptBranches(tree);
  }

  removeBranches(tree: string, ids: string[]): Promise<void> {
    return removeBranches(tree, ids);
  }

  measures(asked: AskedMeasures): Promise<Measures> {
    return measureRollout(this.#weights, asked);
  }

  attention(asked: AskedAttention): Promise<Attention> {
    const { rollout, task, config, index } = asked;
    return this.#weights.ask(asked, async (session, by) => {
      const maps = await session.rollouts.attention(rollout, task, config, index);
      const buffers = [maps.weights, maps.sums, ...(maps.rolled ? [maps.rolled] : [])].map(({ buffer }) => buffer);
      return transfer({ ...maps, by }, buffers);
    });
  }

  worths(asked: AskedWorths): Promise<Worths> {
    return groupWorths(this.#weights, asked);
  }

  sight(asked: AskedGroup): Promise<SeenPictures> {
    return groupSight(this.#weights, asked);
  }

  evaluate(asked: AskedEvaluation): Promise<CausalEvaluation> {
    return evaluateWorth(this.#weights, asked);
  }

  roll(asked: AskedRollHere): Promise<RolledHere> {
    return this.#between(() => rollHere(this.#weights, asked));
  }

  async rollElsewhere(asked: AskedRollElsewhere): Promise<RolledElsewhere> {
    await this.stopElsewhere();
    return rollElsewhere(this.#elsewhere, asked, this.#stopElsewhere.signal);
  }

  async rollByGraphs(asked: AskedRollByGraphs): Promise<RolledElsewhere> {
    await this.stopElsewhere();
    return this.#graphs.roll(asked, this.#stopElsewhere.signal);
  }

  async graphsLoading(): Promise<{ doneBytes: number; ofBytes: number } | null> {
    return this.#graphs.loading;
  }

  async stopElsewhere(): Promise<void> {
    this.#stopElsewhere.abort(new Error("The model is not waited for any more"));
    this.#stopElsewhere = new AbortController();
  }

  openLog(source: LogSource, as: ListedRun): Promise<number> {
    return this.lists.openLog(source, as);
  }

  nextPiece(log: number): Promise<LogPiece> {
    return this.lists.nextPiece(log);
  }

  find(asked: AskedList): Promise<FoundList> {
    return this.lists.find(asked);
  }

  rows(search: number, from: number, count: number): Promise<ListRow[]> {
    return this.lists.rows(search, from, count);
  }

  placeOf(search: number, id: string): Promise<number | null> {
    return this.lists.placeOf(search, id);
  }

  saveFound(search: number): Promise<Blob> {
    return this.lists.saveFound(search);
  }

  recall(step: number): Promise<RecalledStep | null> {
    return this.lists.recall(step);
  }

  marks(of: ListedRun | null, tree: string): Promise<RolloutMark[]> {
    return this.lists.marks(of, tree);
  }

  mark(of: ListedRun, tree: string, mark: RolloutMark): Promise<void> {
    return this.lists.mark(of, tree, mark);
  }
}
