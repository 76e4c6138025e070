import type { Rollout } from "../../../agent/rollout.ts";
import type { Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { PictureWriter } from "../../rollout_page/page_pictures.ts";
import { type PageHead, rolloutPage } from "../../rollout_page/rollout_page.ts";
import { rootOf } from "../../worker_api/branch_api.ts";
import { download, fileName } from "../browser/download.ts";
import { holds } from "../run/lazy_groups.ts";
import { shippedView } from "../run/model_inputs.ts";
import type { PageContext } from "../run/page_context.ts";
import type { Chosen, Store } from "../run/store.ts";
import { branchesOf } from "./branch_tree.tsx";
import { branchName, changeText, outcomeText } from "./branch_words.ts";
import { textByIds } from "./token_units.ts";

/** A rollout of a page, or a branch of one. */
export interface SavedRollout {
  rollout: Rollout;
  task: Task;
  /** Id of what it branched off, its name and what was changed there; null for a rollout of the run. */
  parent: string | null;
  change: string | null;
}

/** A rollout with its branches. */
export function treeOf({ store }: PageContext, { rollout, task, siblings, branch }: Chosen): SavedRollout[] {
  const root = branch ? siblings.find(({ id }) => id === rootOf(rollout.id)) : rollout;
  const others = branchesOf(store.branches.value, rollout.id).map((one) => ({
    rollout: one.rollout,
    task: one.task,
    parent: one.parent,
    change: `${branchName(one)}: ${changeText(one)} → ${outcomeText(one.rollout, one.answerProbability)}`,
  }));
  // The step of a rollout may have left memory while its branches are kept.
  return root ? [{ rollout: root, task: taskOf(store, root) ?? task, parent: null, change: null }, ...others] : others;
}

/** Of a rollout of the run: a branch may have asked another question. */
function taskOf(store: Store, rollout: Rollout | undefined): Task | null {
  const isOf = (group: readonly Rollout[] | null) =>
    group !== null && rollout !== undefined && holds(group, rollout.id) && group.includes(rollout);
  const record = store.steps.value.findLast(({ groups }) => groups.some(isOf));
  const index = record?.groups.findIndex(isOf) ?? -1;
  return record?.tasks[index] ?? null;
}

/** Saves a rollout, with its branches behind it, as one HTML file without script. */
export async function savePage(
  page: PageContext,
  rollouts: readonly SavedRollout[],
  pictures: readonly Pixels[] | null,
): Promise<void> {
  const id = rootOf(rollouts[0]!.rollout.id);
  const config = page.store.runConfig.value;
  const view = page.store.runHead.value?.model.view ?? shippedView;
  const writer = new PictureWriter(view, { crop: config?.crop ?? "source" });
  const missing = page.store.lookup.value?.noPicture ?? "The pictures were not loaded when this file was saved";
  const shown = [];
  for (const saved of rollouts) {
    const textOf = await textsOf(page, saved.rollout);
    shown.push({ ...saved, textOf, pictures: await writer.of(saved.rollout, pictures, pictures ? null : missing) });
  }
  const name = `rollout-${id.replaceAll("·", ".")}`;
  download(`${fileName(name)}.html`, rolloutPage(headOf(page, rollouts), shown), "text/html");
}

/** Texts of a rollout's tokens; ids where there is no tokenizer. */
async function textsOf({ store, texts }: PageContext, rollout: Rollout): Promise<(token: number) => string> {
  const model = store.lookup.value?.texts ?? null;
  if (model === null) return textByIds(rollout);
  await texts.ask(
    rollout.segments.flatMap(({ tokens }) => tokens),
    model,
  );
  const byId = textByIds(rollout);
  const known = texts.known.value;
  return (token) => known.get(token) ?? byId(token);
}

function headOf({ store }: PageContext, rollouts: readonly SavedRollout[]): PageHead {
  const [first] = rollouts;
  const { step, taskIndex, rolloutIndex, id } = first!.rollout;
  const head = store.runHead.value;
  const replay = store.replay.value;
  const facts: [string, string][] = [["run", replay?.name ?? store.storedAs.value ?? "not stored"]];
  if (replay?.about) facts.push(["about the run", replay.about]);
  if (head) facts.push(["model", head.model.name], ["device", head.adapter], ["seed", String(head.config.seed)]);
  if (head) facts.push(["run begun", head.startedAt]);
  facts.push(["rollout", id], ["task", first!.task.id]);
  if (rollouts.length > 1) facts.push(["branches", `${rollouts.length - 1}, made later and not trained on`]);
  return { title: `Step ${step}, task ${taskIndex + 1}, rollout ${rolloutIndex + 1}`, facts };
}
