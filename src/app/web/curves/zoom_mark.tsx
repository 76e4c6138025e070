import { zoomVerdict } from "../../../train/zoom_verdict.ts";
import { percent } from "../labels/worth_words.ts";
import { usePage } from "../run/page_context.ts";

/** What became of the answers where zooming died out; nothing where it is alive. */
export function ZoomMark() {
  const sampled = usePage().store.evals.value.filter(({ greedy }) => !greedy);
  const last = sampled.at(-1);
  const verdict =
    last &&
    zoomVerdict(
      last.metrics,
      sampled.slice(0, -1).map(({ metrics }) => metrics),
    );
  if (!verdict) return null;
  return (
    <p class={`zoom-verdict small ${verdict.harmful ? "harmful" : "harmless"}`} role="status" title={verdict.sentence}>
      <i aria-hidden="true" />
      Zooming died out: <b>{verdict.harmful ? "harmful" : "harmless so far"}</b>. Right without a call now{" "}
      {percent(verdict.without)}; while it zoomed, {percent(verdict.before.withTool)} with the crops and{" "}
      {percent(verdict.before.without)} without.
    </p>
  );
}
