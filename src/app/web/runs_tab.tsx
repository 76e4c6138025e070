import { OverlayCard } from "./curves/overlay_card.tsx";
import { useRejudge } from "./judge/judge_context.ts";
import { RejudgePanel } from "./judge/rejudge_panel.tsx";
import { RunsView } from "./runs/runs_view.tsx";

/** The list of runs, with the curves of those that are chosen, and the form in which one is judged again. */
export function RunsTab() {
  const rejudge = useRejudge();
  return <RunsView onRejudge={(name) => rejudge.show(name)} rejudged={<RejudgePanel />} curves={<OverlayCard />} />;
}
