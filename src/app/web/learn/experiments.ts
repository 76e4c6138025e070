import type { Rollout } from "../../../agent/rollout.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { meanAndDeviation } from "../labels/numbers.ts";
import type { PageContext } from "../run/page_context.ts";
import { recordings } from "../run/recordings.ts";
import type { StepRecord } from "../run/run_state.ts";
import { differences } from "../run/url_state.ts";
import { causalCardId } from "../run/worth_control.ts";

/** Settings of an experiment: a preset and what differs from it. */
export type Experiment = Partial<RunConfig> & { preset: string };

/** Whether the controls say an experiment and nothing else, with any seed. @param changes  of the controls */
export function isSet(changes: Partial<RunConfig>, experiment: Experiment): boolean {
  const wanted = differences({ ...experiment, seed: changes.seed });
  const keys = new Set([...Object.keys(wanted), ...Object.keys(changes)]) as Set<keyof RunConfig>;
  return [...keys].every((key) => wanted[key] === changes[key]);
}

/** Sets the controls to an experiment; of the other settings only the seed stays. Returns what is wrong, null where nothing is. */
export function setExperiment({ control }: Pick<PageContext, "control">, experiment: Experiment): string | null {
  const { preset, ...changes } = experiment;
  control.choosePreset(preset);
  for (const [key, value] of Object.entries(changes)) {
    const problem = control.setKnob(key as keyof RunConfig, value);
    if (problem !== null) return problem;
  }
  return null;
}

/** Begins a run with what the controls say; one that is under way is saved and ended. */
export async function startExperiment({ store, control }: Pick<PageContext, "store" | "control">): Promise<void> {
  store.tab.value = "train";
  await control.whatIf({});
}

/** Whether the rewards of a group differ. */
export const differs = (group: readonly Rollout[]): boolean =>
  (meanAndDeviation(group.flatMap(({ reward }) => reward?.total ?? []))?.deviation ?? 0) > 0;

/** The first group of a run that is as wanted, with its step; null where there is none. */
function findGroup(
  steps: readonly StepRecord[],
  wanted: (group: readonly Rollout[]) => boolean,
): { step: number; rollout: string } | null {
  for (const { step, groups } of steps)
    for (const group of groups) {
      const [first] = group ?? [];
      if (group && first && wanted(group)) return { step, rollout: first.id };
    }
  return null;
}

/** Shows a group of the recorded run: one whose rewards differ, or one in which all are paid alike. */
export async function showGroup(
  { store, control }: Pick<PageContext, "store" | "control">,
  kind: "differs" | "alike",
): Promise<void> {
  if (!(await openRecorded(control))) return;
  const steps = store.steps.value;
  const ofGroup = (group: readonly Rollout[]) => group.every(({ reward }) => reward !== null);
  const found = findGroup(steps, (group) => ofGroup(group) && differs(group) === (kind === "differs"));
  if (!found) return;
  store.chosenStep.value = found.step;
  store.pinned.value = found.rollout;
  store.tab.value = "train";
}

/** Opens the recorded run at its last step, and measures there what the crops were worth. */
export async function probeRecorded({ store, control, worth }: PageContext): Promise<void> {
  if (!(await openRecorded(control))) return;
  const last = store.steps.value.at(-1);
  if (!last) return;
  store.chosenStep.value = last.step;
  store.tab.value = "train";
  const { obstacle } = worth;
  if (obstacle !== null) store.notices.add("information", obstacle, { about: "shown run" });
  else {
    const measuring = worth.measureStep(last);
    // Once the view is drawn: its card stands below the groups.
    requestAnimationFrame(() => document.getElementById(causalCardId)?.scrollIntoView({ block: "center" }));
    await measuring;
  }
}

async function openRecorded(control: PageContext["control"]): Promise<boolean> {
  const [recording] = recordings;
  return recording !== undefined && control.openRecording(recording);
}
