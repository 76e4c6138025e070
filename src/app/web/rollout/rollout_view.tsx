import { takesSeveralZooms } from "../../../tasks/worlds/table.ts";
import { rootOf } from "../../worker_api/branch_api.ts";
import { shortened } from "../labels/numbers.ts";
import { sizeText } from "../run/model_inputs.ts";
import { usePage } from "../run/page_context.ts";
import { useModelInputs, usePictures } from "../run/use_pictures.ts";
import { MarkFields } from "../widgets/mark_fields.tsx";
import { NextHint } from "../widgets/next_hint.tsx";
import { Term } from "../widgets/term.tsx";
import { branchName } from "./branch_words.ts";
import { ContinuationLine } from "./continuation_line.tsx";
import { Crops } from "./crops.tsx";
import { LinkButton } from "./link_button.tsx";
import { RewardTable } from "./reward_table.tsx";
import { NoStage, Stage } from "./stage.tsx";

const patienceMs = 120;
/** Refused calls that are listed. */
const mostCalls = 32;

/** The chosen rollout: its boxes, its model inputs and its reward. */
export function RolloutView() {
  const { store, marks } = usePage();
  const chosen = store.chosen.value;
  const config = store.runConfig.value;
  const { pixels: pictures, problem } = usePictures(chosen?.task ?? null, patienceMs);
  const rollout = chosen?.rollout;
  const { inputs, problem: unseen } = useModelInputs(rollout ?? null, pictures);
  if (!chosen || !rollout) {
    return (
      <div class="card">
        <h2>
          <b>Rollout</b>
        </h2>
        <p class="soft">Where the model looked, and what it saw there, appears here with the first group.</p>
      </div>
    );
  }
  return (
    <>
      <div class="card">
        <h2>
          <b title={`id in the log: ${rollout.id}`}>
            {chosen.branch && `${branchName(chosen.branch)} of `}
            {chosen.branch ? "step" : "Step"} {chosen.step}, task {rollout.taskIndex + 1}, rollout{" "}
            {rollout.rolloutIndex + 1}
          </b>{" "}
          “{shortened(chosen.task.question)}”
        </h2>
        <ContinuationLine rollout={rollout} />
        {pictures?.[0] ? (
          <Stage original={pictures[0]} rollout={rollout} task={chosen.task} inputs={inputs} />
        ) : (
          <NoStage problem={problem} />
        )}
        {pictures?.[0] && (
          <p class="cap">
            {chosen.task.goldBoxSourcePx && (
              <>
                Dashed: the <Term of="goldBox" />.{" "}
              </>
            )}
            <b class="zoomword">1</b>: where the model zoomed
            {rollout.calls.some(({ iou }) => iou !== undefined) && (
              <>
                , with its <Term of="iou" />
                {config &&
                  takesSeveralZooms(chosen.task.source, config) &&
                  ": in a chain only the last zoom is meant to meet the gold box, and a zoom into a crop has no IoU"}
              </>
            )}
            {rollout.calls.some(({ outcome, imageIndex = 0 }) => outcome === "ok" && imageIndex > 0) &&
              "; dotted: a zoom into a crop, traced back to here"}
            . The page shows the original
            {inputs[0] && `; the model gets ${sizeText(inputs[0])}`}.
          </p>
        )}
        <Crops inputs={inputs} />
        {unseen !== null && <p class="problem small">{unseen}.</p>}
        {rollout.calls
          .filter((call) => call.outcome !== "ok")
          .slice(0, mostCalls)
          .map((call, i) => (
            <p key={i} class="cap">
              A call was refused: {shortened(call.message ?? call.outcome)}
            </p>
          ))}
      </div>
      <div class="card">
        <RewardTable rollout={rollout} task={chosen.task} config={config} />
        <NextHint step="step through it">
          step through it, token by token: how probable each was, and when it zoomed.
        </NextHint>
        <p class="buttons">
          <button
            type="button"
            class="go"
            onClick={() => {
              store.pinned.value = rollout.id;
              store.tab.value = "step";
            }}
          >
            Step through this rollout
          </button>
          <LinkButton token={null} />
        </p>
      </div>
      <details class="card panel" open={marks.marks.value.has(rootOf(rollout.id)) || store.tab.value === "rollouts"}>
        <summary>
          <h2>
            <b>Notes and tags</b>
          </h2>
        </summary>
        <MarkFields rollout={rollout.id} />
      </details>
    </>
  );
}
