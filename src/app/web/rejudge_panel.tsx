import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Reward } from "../../agent/rollout.ts";
import { judgeAlarms } from "../../reward/judge_metrics.ts";
import { type JudgeName, judgeLines } from "../../reward/judge_presets.ts";
import { resolveConfig } from "../../train/config.ts";
import { type ChoiceKnob, knobs, type RunConfig } from "../../train/knobs.ts";
import type { RejudgeWays } from "../judge_api.ts";
import type { ChangedVerdict, RejudgedStep, Standing } from "../rejudge.ts";
import { JudgeServer } from "./judge_card.tsx";
import { count, counted, figure } from "./numbers.ts";
import { usePage } from "./page_context.ts";
import { type Line, Plot } from "./plot.tsx";
import type { Rejudged } from "./rejudge_control.ts";
import { menuEntry, rewardWords } from "./reward_words.ts";

/** Verdicts shown at once. */
const shownAtMost = 50;

/** A stored run under another judge or reward; nothing in the run is changed. */
export function RejudgePanel({ run }: { run: string }) {
  const { rejudge } = usePage();
  const result = rejudge.result.value;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [run]);
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
        The stored rollouts under another judge or reward, without rolling again. The run is left as it is.
      </p>
      <Form run={run} />
      {result?.run === run && <Result result={result} />}
    </section>
  );
}

/** Whose verdicts count: those of the log, or of a judge that is asked now. */
type Verdicts = "stored" | RunConfig["judge"];

function Form({ run }: { run: string }) {
  const { store, rejudge } = usePage();
  const config = store.config.value;
  const [verdicts, setVerdicts] = useState<Verdicts>("stored");
  const [reward, setReward] = useState<RunConfig["reward"]>(config.reward);
  const [weights, setWeights] = useState<RejudgeWays["weights"]>("own");
  const judging = rejudge.result.value?.state === "judging";
  const isRemote = verdicts !== "stored" && verdicts !== "rules";
  const start = (): void => {
    const judge = verdicts === "stored" ? config.judge : verdicts;
    const changes = { ...store.changes.peek(), judge, reward };
    const ways: RejudgeWays = { verdicts: verdicts === "stored" ? "stored" : "anew", weights };
    void rejudge.start(run, { ...resolveConfig(changes), judge }, ways);
  };
  return (
    <>
      <div class="fields">
        <Choice
          id="judge"
          label="verdicts"
          value={verdicts}
          choices={["stored", ...(knobs.judge as ChoiceKnob).choices]}
          words={{ stored: "as stored" }}
          onChoose={(value) => setVerdicts(value as Verdicts)}
        />
        <Choice
          id="reward"
          label="reward"
          value={reward}
          choices={(knobs.reward as ChoiceKnob).choices}
          words={rewardWords}
          onChoose={(value) => setReward(value as RunConfig["reward"])}
        />
        {reward === "weights" && (
          <Choice
            id="weights"
            label="weights"
            value={weights}
            choices={["own", "given"]}
            words={{ own: "the run’s own", given: "of the Train view" }}
            onChoose={(value) => setWeights(value as RejudgeWays["weights"])}
          />
        )}
      </div>
      <p class="soft small sentence">
        {judgeWords(verdicts)}
        {menuEntry(reward) && `; ${menuEntry(reward)!.line}`}
      </p>
      {isRemote && (
        <details class="servers" open={config.judgeUrl === ""}>
          <summary>Server {config.judgeUrl && <span class="mono">{config.judgeUrl}</span>}</summary>
          <div class="narrow">
            <JudgeServer />
          </div>
        </details>
      )}
      <p class="buttons after">
        {judging ? (
          <button type="button" onClick={() => void rejudge.stop()}>
            Stop
          </button>
        ) : (
          <button type="button" class="go" disabled={isRemote && config.judgeUrl === ""} onClick={start}>
            Judge again
          </button>
        )}
      </p>
    </>
  );
}

function judgeWords(verdicts: Verdicts): string {
  if (verdicts === "stored") return "no judge is asked, no network";
  return verdicts === "rules" ? "rules in this page, no network" : judgeLines[verdicts as JudgeName];
}

function Choice({
  id,
  label,
  value,
  choices,
  words = {},
  onChoose,
}: {
  id: string;
  label: string;
  value: string;
  choices: readonly string[];
  words?: Readonly<Record<string, string>>;
  onChoose(value: string): void;
}) {
  const inputId = `rejudge-${id}`;
  return (
    <div class="row">
      <label for={inputId}>{label}</label>
      <select id={inputId} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {words[choice] ?? choice}
          </option>
        ))}
      </select>
    </div>
  );
}

function Result({ result }: { result: Rejudged }) {
  const { steps, counts, state, problem } = result;
  const changed = steps.flatMap((step) => step.changed);
  const rollouts = steps.reduce((sum, step) => sum + step.rollouts, 0);
  const differ = steps.reduce((sum, step) => sum + step.rewardsDiffer, 0);
  const told = steps.reduce((sum, step) => sum + step.verdictsFromRewards, 0);
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
      {told > 0 && (
        <p class="soft small">
          {count(told)} verdicts are read from their rewards: an earlier version wrote this log, and right answers that
          verl’s or DeepEyes’ reward took back count as wrong.
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
          <Curves steps={steps} judge={result.judge} />
          <Changed changed={changed} />
        </>
      )}
    </>
  );
}

/** Before and after, each measure on one scale. */
function Curves({ steps, judge }: { steps: readonly RejudgedStep[]; judge: string }) {
  const curves = useMemo(
    () =>
      (["accuracy", "reward"] as const).map((measure) => {
        const values = (side: "before" | "after") => steps.map((step) => step[side][measure]);
        const all = [...values("before"), ...values("after")].filter((value) => value !== null);
        const [low, high] = [Math.min(0, ...all), Math.max(...all, 0.1)];
        const range: [number, number] = measure === "accuracy" ? [0, 1] : [low * 1.1, high * 1.1];
        return { measure, range, before: values("before"), after: values("after") };
      }),
    [steps],
  );
  const numbers = useMemo(() => steps.map(({ step }) => step), [steps]);
  return (
    <div class="pairs">
      {curves.map(({ measure, range, before, after }) => (
        <div key={measure} class="pair">
          <Side title={`${measure}, as stored`} colour="--soft" numbers={numbers} values={before} range={range} />
          <Side
            title={`${measure}, ${judge}`}
            colour={measure === "accuracy" ? "--answer" : "--total"}
            numbers={numbers}
            values={after}
            range={range}
          />
        </div>
      ))}
    </div>
  );
}

function Side({
  title,
  colour,
  numbers,
  values,
  range,
}: {
  title: string;
  colour: string;
  numbers: readonly number[];
  values: readonly Standing["accuracy"][];
  range: [number, number];
}) {
  const lines = useMemo((): Line[] => [{ name: title, colour, values }], [title, colour, values]);
  const last = figure(values.at(-1));
  return (
    <div class="plot">
      <h3>{title}</h3>
      <div class="now">
        <b>{last}</b>
      </div>
      <Plot
        label={`${title} over steps, ${numbers.length} points, ${last} at the last`}
        steps={numbers}
        lines={lines}
        range={range}
      />
    </div>
  );
}

function Changed({ changed }: { changed: readonly ChangedVerdict[] }) {
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
                  {one.rollout}
                </th>
                <td>{one.answer ?? <span class="soft">none</span>}</td>
                <td>{one.goldAnswer}</td>
                <td>{said(one.before)}</td>
                <td>{said(one.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {changed.length > shownAtMost && <p class="cap num">and {count(changed.length - shownAtMost)} more</p>}
    </>
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
