import { useState } from "preact/hooks";
import { judgeNamed } from "../../../reward/judges/table.ts";
import { resolveConfig } from "../../../train/config.ts";
import type { ChoiceKnob } from "../../../train/knob_kinds.ts";
import { knobs, type RunConfig } from "../../../train/knobs.ts";
import type { RejudgeOptions } from "../../worker_api/judge_api.ts";
import { formulaOf, rewardLabels } from "../labels/reward_labels.ts";
import { usePage } from "../run/page_context.ts";
import { JudgeServer } from "./judge_card.tsx";
import { useRejudge } from "./judge_context.ts";

/** Whose verdicts count: those of the log, or of a judge that is asked now. */
type Verdicts = "stored" | RunConfig["judge"];

/** By whose verdicts and which reward a stored run is scored again. */
export function RejudgeForm({ run }: { run: string }) {
  const { store } = usePage();
  const rejudge = useRejudge();
  const config = store.config.value;
  const [verdicts, setVerdicts] = useState<Verdicts>("stored");
  const [reward, setReward] = useState<RunConfig["reward"]>(config.reward);
  const [weights, setWeights] = useState<RejudgeOptions["weights"]>("own");
  const formula = formulaOf(reward);
  const judging = rejudge.result.value?.state === "judging";
  const isRemote = verdicts !== "stored" && verdicts !== "rules";
  const start = (): void => {
    const judge = verdicts === "stored" ? config.judge : verdicts;
    const changes = { ...store.changes.peek(), judge, reward };
    const ways: RejudgeOptions = { verdicts: verdicts === "stored" ? "stored" : "anew", weights };
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
          labels={{ stored: "as stored" }}
          onChoose={(value) => setVerdicts(value as Verdicts)}
        />
        <Choice
          id="reward"
          label="reward"
          value={reward}
          choices={(knobs.reward as ChoiceKnob).choices}
          labels={rewardLabels}
          onChoose={(value) => setReward(value as RunConfig["reward"])}
        />
        {reward === "weights" && (
          <Choice
            id="weights"
            label="weights"
            value={weights}
            choices={["own", "given"]}
            labels={{ own: "the run’s own", given: "of the Train view" }}
            onChoose={(value) => setWeights(value as RejudgeOptions["weights"])}
          />
        )}
      </div>
      <p class="soft small sentence">
        {judgeLabel(verdicts)}
        {formula && `; ${formula.help}`}
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

function judgeLabel(verdicts: Verdicts): string {
  return verdicts === "stored" ? "no judge is asked, no network" : judgeNamed(verdicts).help;
}

function Choice({
  id,
  label,
  value,
  choices,
  labels = {},
  onChoose,
}: {
  id: string;
  label: string;
  value: string;
  choices: readonly string[];
  labels?: Readonly<Record<string, string>>;
  onChoose(value: string): void;
}) {
  const inputId = `rejudge-${id}`;
  return (
    <div class="row">
      <label for={inputId}>{label}</label>
      <select id={inputId} value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {labels[choice] ?? choice}
          </option>
        ))}
      </select>
    </div>
  );
}
