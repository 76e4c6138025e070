import type { Rollout, Segment } from "../../src/agent/rollout.ts";
import {
  type AskedBranch,
  type Branch,
  type BranchApi,
  branchId,
  rootOf,
} from "../../src/app/worker_api/branch_api.ts";

/** Branches without a model: what is changed stands in the rollout, and what followed follows as it was. */
export class FakeBranches implements BranchApi {
  #kept: Branch[] = [];

  async branch(
    { rollout, task, what, seed, greedy, of, tree }: AskedBranch,
    textOf: (token: number) => string = String,
  ): Promise<{ branch: Branch; notKept: string | null }> {
    if (what.kind === "text" && what.text === "")
      throw new Error("Expected a text, found none; type what the model is to have written");
    const root = rootOf(rollout.id);
    const number = this.#kept.filter((one) => one.tree === tree && rootOf(one.id) === root).length + 1;
    const changed = structuredClone(rollout);
    changed.id = branchId(root, number);
    changed.advantage = null;
    const place = what.kind === "question" ? 2 : what.at;
    mark(changed, place, what.kind === "token" ? what.token : null);
    const [call] = changed.calls;
    if (call && what.kind === "box") Object.assign(call, { boxSourcePx: what.boxSourcePx, iou: 0.5 });
    if (call && what.kind === "result" && what.result.kind !== "picture" && what.result.kind !== "error")
      call.replaced = { kind: what.result.kind, picture: grey(64) };
    if (what.kind === "question")
      changed.unjudged = "Not judged: the question was changed, and the task does not say what answers it";
    const branch: Branch = {
      tree,
      id: changed.id,
      parent: rollout.id,
      rollout: changed,
      task: what.kind === "question" ? { ...task, question: what.question } : task,
      place,
      answerProbability: 0.75,
      what,
      seed,
      greedy,
      by: { weights: "now", step: null },
      deniedFrom: what.kind === "deny" ? place : null,
      otherQuestion: what.kind === "question" || (of?.otherQuestion ?? false),
      ...(what.kind === "token" && { tokenText: textOf(what.token) }),
      madeAt: new Date(1_767_323_045_000 + number).toISOString(),
    };
    this.#kept.push(branch);
    return { branch, notKept: null };
  }

  async branches(tree: string): Promise<Branch[]> {
    return this.#kept.filter((branch) => branch.tree === tree);
  }

  async removeBranches(tree: string, ids: string[]): Promise<void> {
    this.#kept = this.#kept.filter((branch) => branch.tree !== tree || !ids.includes(branch.id));
  }
}

const grey = (side: number) => ({ width: side, height: side, data: new Uint8Array(side * side * 3).fill(128) });

/** Marks a token as given, and puts another in its place. */
function mark({ segments }: Rollout, at: number, token: number | null): void {
  let first = 0;
  for (const segment of segments) {
    const i = at - first;
    if (i >= 0 && i < segment.tokens.length) put(segment, i, token);
    first += segment.tokens.length;
  }
}

function put(segment: Segment, i: number, token: number | null): void {
  segment.given = [[i, i + 1]];
  if (token !== null) segment.tokens[i] = token;
  if (segment.source !== "model") return;
  segment.logprobs[i] = 0;
  segment.entropies[i] = 0;
}
