import type { TargetedKeyboardEvent } from "preact";
import { useState } from "preact/hooks";
import type { Rollout } from "../../../agent/rollout.ts";
import type { Task } from "../../../tasks/task.ts";
import { count, counted, hundredths, meanAndDeviation, shortened } from "../labels/numbers.ts";
import { holds } from "../run/lazy_groups.ts";
import { usePage } from "../run/page_context.ts";
import { phaseLine } from "../run/phase_line.ts";
import { useThumbnail } from "../run/use_pictures.ts";
import { NextHint } from "../widgets/next_hint.tsx";
import { OutcomeLegend } from "../widgets/outcome_legend.tsx";
import { PixelsCanvas } from "../widgets/pixels_canvas.tsx";
import { RewardCells } from "../widgets/reward_cells.tsx";
import { Question } from "../widgets/term.tsx";
import { useNear } from "../widgets/use_near.ts";
import { WatchButtons } from "../widgets/watch_buttons.tsx";
import { StepPicker } from "./step_picker.tsx";

/** Most steps have fewer. */
const rowsAtOnce = 512;
/** Rows that are drawn before it is known which are seen. */
const firstRows = 4;
const thumbnailPx = 88;
/** A step must be looked at this long before its thumbnails are made: they cost the worker time. */
const patienceMs = 250;

/** All rollouts of one step, a row for each task. */
export function Groups() {
  const { store } = usePage();
  const [more, setMore] = useState(1);
  const rows = more * rowsAtOnce;
  const record = store.record.value;
  const config = store.runConfig.value;
  const chosen = store.chosen.value;
  if (!record) {
    const playing = store.player.value === "playing" || store.player.value === "stepping";
    return (
      <div class="card">
        <h2>
          <b>Groups</b>
        </h2>
        <p class="soft">
          {store.replay.value
            ? "The rollouts of this step are not in the recording."
            : playing || store.busy.value
              ? `${store.busy.value ?? phaseLine(store.live.value.phase)}…`
              : "Each row will be one task: a picture, a question, and the rewards of the attempts at it."}
        </p>
        {!playing && !store.replay.value && store.gpuProblem.value === null && (
          <p class="soft offer">
            Press Start, or <WatchButtons />
          </p>
        )}
      </div>
    );
  }
  const size = `${counted(record.tasks.length, "task")}${config ? `, ${counted(config.rolloutsPerTask, "rollout")} each` : ""}`;
  const inside = chosen !== null && record.groups.some((group) => group !== null && holds(group, chosen.rollout.id));
  const tabStop = (inside ? chosen.rollout.id : record.groups.find((group) => group !== null)?.[0]?.id) ?? null;
  return (
    <div class="card">
      <div class="headline">
        <h2>
          <b>Step {record.step}</b> · {size}
          <Question of="group" />
        </h2>
        <StepPicker />
      </div>
      <NextHint step="open a rollout">
        each bar is one attempt at the task beside it. Press one to see what the model looked at, and what it was paid.
      </NextHint>
      <OutcomeLegend continued={record.groups.some((group) => group?.some(({ continues }) => continues) ?? false)} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the buttons inside, caught on their way up */}
      <div class="groups" onKeyDown={moveFocus}>
        {record.tasks.slice(0, rows).map((task, i) => (
          <Row
            key={`${task.id} ${i}`}
            task={task}
            group={record.groups[i] ?? null}
            tabStop={tabStop}
            isFirst={i < firstRows}
          />
        ))}
      </div>
      {record.tasks.length > rows && (
        <p class="soft small">
          {counted(rows, "task")} of {count(record.tasks.length)}.{" "}
          <button type="button" onClick={() => setMore(more + 1)}>
            Show {count(Math.min(rowsAtOnce, record.tasks.length - rows))} more
          </button>
        </p>
      )}
    </div>
  );
}

interface RowProps {
  task: Task;
  group: readonly Rollout[] | null;
  tabStop: string | null;
}

/** A task's place among the others; drawn where it can be seen: a step of 256 tasks has thousands of cells and 256 pictures. */
function Row({ isFirst, ...props }: RowProps & { isFirst: boolean }) {
  const { store } = usePage();
  const { ref, isNear, heightPx } = useNear<HTMLDivElement>(isFirst);
  const isChosen = store.chosen.value?.task.id === props.task.id;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be laid out apart from its row
    <div
      ref={ref}
      class="group"
      role="group"
      aria-label={shortened(props.task.question)}
      data-chosen={isChosen ? "" : undefined}
      style={heightPx === null ? undefined : { height: `${heightPx}px` }}
    >
      {isNear && <GroupCells {...props} />}
    </div>
  );
}

function GroupCells({ task, group, tabStop }: RowProps) {
  const { store } = usePage();
  const config = store.runConfig.value;
  const chosen = store.chosen.value;
  const { pixels: thumbnail, problem } = useThumbnail(task, thumbnailPx, patienceMs);
  // What continues a rollout is compared with others that do.
  const compared = (group ?? []).filter(({ continues }) => !continues);
  const statistics = meanAndDeviation(compared.flatMap((rollout) => rollout.reward?.total ?? []));
  return (
    <>
      <span class="thumbnail" title={problem ?? undefined}>
        {thumbnail && <PixelsCanvas pixels={thumbnail} />}
      </span>
      <span class="q">{shortened(task.question)}</span>
      <span class="cells">
        {group ? (
          <RewardCells
            rollouts={group}
            config={config}
            chosen={chosen?.rollout.id ?? null}
            tabStop={tabStop}
            onChoose={(rollout) => {
              store.pinned.value = rollout.id;
            }}
          />
        ) : (
          <span class="soft small">still sampling</span>
        )}
      </span>
      <span class="soft small num statistics">
        {statistics && (
          <>
            <span title="mean reward of the group">μ {hundredths(statistics.mean)}</span>
            <span
              title={
                statistics.deviation === 0
                  ? "all rewards are equal: this group teaches nothing"
                  : "deviation of the rewards"
              }
            >
              σ {hundredths(statistics.deviation)}
            </span>
          </>
        )}
      </span>
    </>
  );
}

/** Arrows move within the grid of cells: left and right among siblings, up and down among tasks. */
function moveFocus(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  const cell = (event.target as HTMLElement).closest<HTMLElement>(".cell");
  if (!cell) return;
  const rows = [...event.currentTarget.querySelectorAll(".group")].map((row) => [
    ...row.querySelectorAll<HTMLElement>(".cell"),
  ]);
  const filled = rows.filter((row) => row.length > 0);
  const y = filled.findIndex((row) => row.includes(cell));
  const row = filled[y] ?? [];
  const x = row.indexOf(cell);
  const nearest = (other: HTMLElement[] | undefined) => other?.[x] ?? other?.at(-1);
  const target = {
    ArrowLeft: row[x - 1],
    ArrowRight: row[x + 1],
    ArrowUp: nearest(filled[y - 1]),
    ArrowDown: nearest(filled[y + 1]),
    Home: row[0],
    End: row.at(-1),
  }[event.key];
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.click();
}
