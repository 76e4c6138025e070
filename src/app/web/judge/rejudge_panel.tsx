import { useLayoutEffect, useRef } from "preact/hooks";
import type { Reward } from "../../../agent/rollout.ts";
import { judgeAlarms } from "../../../reward/judges/metrics.ts";
import type { ChangedVerdict } from "../../judge/rejudge.ts";
import { count, counted, shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { noPlace, writeUrl } from "../run/url_state.ts";
import { useRejudge } from "./judge_context.ts";
import type { Rejudged } from "./rejudge_control.ts";
import { RejudgeCurves } from "./rejudge_curves.tsx";
import { RejudgeForm } from "./rejudge_form.tsx";

/** Verdicts shown at once. */
const shownAtMost = 50;

/** The stored run that is judged again; nothing where none is. */
export function RejudgePanel() {
  const run = useRejudge().run.value;
  // Another run has a form of its own.
  return run === null ? null : <Panel key={run} run={run} />;
}

/** A stored run under another judge or reward; nothing in the run is changed. */
function Panel({ run }: { run: string }) {
  const rejudge = useRejudge();
  const result = rejudge.result.value;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), [run]);
  return (
    <section class="card rejudge" aria-label="Judge again">
      <div class="headline">
        <h2 ref={heading} tabIndex={-1}>
          <b>Judge again</b> {run}
        </h2>
        <button type="button" onClick={() => rejudge.close()}>
          Close
        </button>
      </div>
      <p class="soft small">
        The stored rollouts under another judge or reward, without sampling again. The run is left as it is.
      </p>
      <RejudgeForm run={run} />
      {result?.run === run && <Result result={result} />}
    </section>
  );
}

function Result({ result }: { result: Rejudged }) {
  const { steps, counts, state, problem } = result;
  const changed = steps.flatMap((step) => step.changed);
  const rollouts = steps.reduce((sum, step) => sum + step.rollouts, 0);
  const differ = steps.reduce((sum, step) => sum + step.rewardsDiffer, 0);
  const fromRewards = steps.reduce((sum, step) => sum + step.verdictsFromRewards, 0);
  const without = steps.reduce((sum, step) => sum + step.rollouts - step.after.scored, 0);
  return (
    <>
      <p class="num after" role="status">
        {state === "judging" && <i class="pulse inline" aria-hidden="true" />}
        {state === "judging" ? "Judging: " : state === "done" ? "Done: " : "Stopped: "}
        {counted(steps.length, "step")}, {counted(rollouts, "rollout")}, {counted(changed.length, "verdict")} and{" "}
        {counted(differ, "reward")} differ
        {without > 0 && `, ${count(without)} without a verdict now`}
        {counts && counts.connection.calls > 0 && ` · ${count(counts.connection.calls)} requests`}
        {counts && counts.fromCache > 0 && `, ${count(counts.fromCache)} from the cache`}
      </p>
      {fromRewards > 0 && (
        <p class="soft small">
          {count(fromRewards)} verdicts are read from their rewards: an earlier version wrote this log, and right
          answers that verl’s or DeepEyes’ reward took back count as wrong.
        </p>
      )}
      {problem && (
        <p class="problem small" role="alert">
          {problem}
        </p>
      )}
      {counts?.lastFailure && without > 0 && <p class="problem small">The last failure: {counts.lastFailure}</p>}
      {counts &&
        judgeAlarms(counts).map(({ name, message }) => (
          <p key={name} class="alarm">
            {message}
          </p>
        ))}
      {steps.length > 0 && (
        <>
          <RejudgeCurves steps={steps} judge={result.judge} />
          <Changed run={result.run} changed={changed} />
        </>
      )}
    </>
  );
}

function Changed({ run, changed }: { run: string; changed: readonly ChangedVerdict[] }) {
  if (changed.length === 0) return <p class="soft after">No verdict differs.</p>;
  return (
    <>
      <h3>Verdicts that differ</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section class="scroll tall" tabIndex={0} aria-label="Verdicts that differ">
        <table class="grid list verdicts">
          <thead>
            <tr>
              <th scope="col">rollout</th>
              <th scope="col">answer</th>
              <th scope="col">expected</th>
              <th scope="col">as stored</th>
              <th scope="col">now</th>
            </tr>
          </thead>
          <tbody>
            {changed.slice(0, shownAtMost).map((one) => (
              <tr key={one.rollout} title={one.question}>
                <th scope="row" class="num">
                  <RolloutLink run={run} rollout={one.rollout} />
                </th>
                <td>{one.answer ?? <span class="soft">none</span>}</td>
                <td>{one.goldAnswer}</td>
                <td>{said(one.before)}</td>
                <td>
                  {said(one.after)}
                  {one.words?.reply && <span class="reply soft small">“{shortened(one.words.reply, 200)}”</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {changed.length > shownAtMost && <p class="cap num">and {count(changed.length - shownAtMost)} more</p>}
    </>
  );
}

/** To the rollout as it is stored, which steps through it. */
function RolloutLink({ run, rollout }: { run: string; rollout: string }) {
  const { store, control } = usePage();
  const look = { ...noPlace, tab: "step" as const, run, rollout };
  const href = writeUrl({ ...look, changes: store.changes.value, others: [] });
  const go = async (): Promise<void> => {
    if (!(await control.openStored(run))) return;
    store.pinned.value = rollout;
    store.tab.value = "step";
  };
  return (
    <a
      href={href}
      onClick={(event) => {
        // With a key it is opened elsewhere, as any link is.
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        void go();
      }}
    >
      {rollout}
    </a>
  );
}

const said = (reward: Reward | null) =>
  reward === null ? (
    <span class="soft">no verdict</span>
  ) : (
    <>
      <b class={reward.right ? "rightword" : "wrongword"}>{reward.right ? "right" : "wrong"}</b>{" "}
      <span class="soft small">{reward.verdict}</span>
    </>
  );
