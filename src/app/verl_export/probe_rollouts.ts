import { roll } from "../../agent/loop.ts";
import { responseText } from "../../agent/response_text.ts";
import type { Rollout } from "../../agent/rollout.ts";
import { rolloutPictures } from "../../agent/rollout_pictures.ts";
import type { Pixels } from "../../image/pixels.ts";
import type { StoredRollout } from "../../interop/verl/export/rollout_lines.ts";
import { scriptedPolicy } from "../../interop/verl/export/scripted_policy.ts";
import { scriptsFor } from "../../interop/verl/export/scripts.ts";
import { rulesJudge } from "../../reward/judges/remote_judge.ts";
import { scoreRollouts } from "../../reward/rewards/score_rollouts.ts";
import type { Task } from "../../tasks/task.ts";
import { advantages } from "../../train/advantage.ts";
import type { RunConfig } from "../../train/knobs.ts";
import { capacityOf, type OpenedExport, replayTools } from "./opened_export.ts";

/** A stored rollout and what its tools showed. */
export interface ProbeRollout extends Omit<StoredRollout, "row" | "pictures"> {
  task: Task;
  pictures: Pixels[];
}

/** Scripts say more than a model's turn may hold, and would be cut off. */
const scriptLimits = { firstTurnTokens: 1024, nextTurnTokens: 1024, responseTokens: 0 };

/** Scripted rollouts of a task through the run's own environment, tools, limits of calls and reward. */
export async function scriptedRollouts(opened: OpenedExport, task: Task): Promise<ProbeRollout[]> {
  const { tokenizer, chat, source, view, described, tools } = opened;
  if (!tokenizer || !chat) return [];
  const config: RunConfig = { ...opened.config, ...scriptLimits };
  const scripts = scriptsFor(task, { config, view, tools, responseTokens: 0 });
  const parts = {
    policy: scriptedPolicy(tokenizer, scripts),
    chat,
    tokenizer,
    pictures: (one: Task) => source.pictures(one),
  };
  const settings = {
    ...config,
    ...view,
    tools: described,
    step: 0,
    greedy: false,
    rolloutsPerTask: scripts.length,
  };
  const rolling = roll(parts, [task], settings);
  let next = await rolling.next();
  while (!next.done) next = await rolling.next();
  const rollouts = next.value.rollouts[0]!;
  for (const rollout of rollouts) rollout.response = responseText(tokenizer, rollout);
  await scoreRollouts(rollouts, task, rulesJudge(), {
    reward: config.reward,
    weights: config,
    decode: (tokens) => tokenizer.decode(tokens),
  });
  const capacity = capacityOf([task], opened, config);
  return probesOf(opened, task, rollouts, { set: "scripted", capacity });
}

/** Rollouts of a log or of a model, with what their tools showed, made again. */
export async function probesOf(
  { source, config, view }: OpenedExport,
  task: Task,
  rollouts: readonly Rollout[],
  { set, capacity }: Pick<StoredRollout, "set" | "capacity">,
): Promise<ProbeRollout[]> {
  const ofTask = (await source.pictures(task)).map((original) => ({ original, modelInput: view.modelInput(original) }));
  const all = advantages(
    rollouts.map(({ reward }) => reward && reward.total - (reward.parts.kl ?? 0)),
    config,
  );
  return rollouts.flatMap((rollout, i) => {
    if (rollout.end === "error") return [];
    const shown = [...rolloutPictures(rollout, ofTask, { crop: config.crop, tools: replayTools })];
    const pictures = shown.slice(ofTask.length).map(({ original }) => original);
    // Under a server's judge its verdicts are taken as they were.
    const byRules = config.judge === "rules";
    return [{ set, rollout, task, pictures, capacity, advantage: all[i] ?? null, byRules }];
  });
}
