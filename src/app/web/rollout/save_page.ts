import type { Rollout } from "../../../agent/rollout.ts";
import type { Pixels } from "../../../image/pixels.ts";
import type { Task } from "../../../tasks/task.ts";
import { PictureWriter } from "../../rollout_page/page_pictures.ts";
import { type PageHead, rolloutPage } from "../../rollout_page/rollout_page.ts";
import { download, fileName } from "../browser/download.ts";
import { shippedView } from "../run/model_inputs.ts";
import type { PageContext } from "../run/page_context.ts";
import { textByIds } from "./token_units.ts";

/** A rollout of a page, or a branch of one. */
export interface SavedRollout {
  rollout: Rollout;
  task: Task;
  /** Id of what it branched off, and what was changed there; null for a rollout of the run. */
  parent: string | null;
  change: string | null;
}

/** Saves rollouts of one task, the first of them with its branches, as one HTML file without script. */
export async function savePage(
  page: PageContext,
  rollouts: readonly [SavedRollout, ...SavedRollout[]],
  pictures: readonly Pixels[] | null,
): Promise<void> {
  const [{ rollout: first }] = rollouts;
  const config = page.store.runConfig.value;
  const view = page.store.runHead.value?.model.view ?? shippedView;
  const writer = new PictureWriter(view, { crop: config?.crop ?? "source" });
  const missing = page.store.lookup.value?.noPicture ?? "The pictures were not loaded when this file was saved";
  const shown = [];
  for (const saved of rollouts) {
    const textOf = await textsOf(page, saved.rollout);
    shown.push({ ...saved, textOf, pictures: await writer.of(saved.rollout, pictures, pictures ? null : missing) });
  }
  const name = `rollout-${first.id.replaceAll("·", ".")}`;
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
