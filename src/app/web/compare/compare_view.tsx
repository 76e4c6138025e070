import { shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import type { Chosen } from "../run/store.ts";
import { usePictures } from "../run/use_pictures.ts";
import { BothBoxes } from "./both_boxes.tsx";
import { useCompare } from "./compare_context.ts";
import { RollForms } from "./roll_forms.tsx";
import { SideBySide } from "./side_by_side.tsx";
import type { Side } from "./sides.ts";

/** Two rollouts of one task: what they wrote, where they looked, and how likely the text of one is to the other's weights. */
export function CompareView() {
  const { store } = usePage();
  const chosen = store.chosen.value;
  if (!chosen)
    return (
      <section class="stack first" aria-label="Compare">
        <div class="card">
          <h2>
            <b>Nothing to compare yet</b>
          </h2>
          <p class="soft">
            Start a run on the Train tab, or open one on the Runs tab: two checkpoints, two settings or a model on a
            server can then be put side by side on any of its tasks.
          </p>
        </div>
      </section>
    );
  return <Case chosen={chosen} />;
}

function Case({ chosen }: { chosen: Chosen }) {
  const { store } = usePage();
  const compare = useCompare();
  const { pixels: pictures, problem } = usePictures(chosen.task);
  const sides = compare.sides(chosen);
  const [a, b] = compare.pair(chosen);
  return (
    <>
      <section class="stack first" aria-label="What is compared">
        <div class="card">
          <h2>
            <b>One task, two rollouts</b> “{shortened(chosen.task.question, 200)}” · expected{" "}
            {shortened(chosen.task.answer, 80)}
          </h2>
          <div class="pair">
            <Choice name="A" sides={sides} chosen={a} onChoose={(id) => (compare.a.value = id)} />
            <Choice name="B" sides={sides} chosen={b} onChoose={(id) => (compare.b.value = id)} />
          </div>
          <p class="buttons after">
            <button
              type="button"
              class="go"
              disabled={compare.asking.value !== null || compare.obstacle !== null}
              title="Rolls this task greedily by the weights at the start and by the last ones"
              onClick={() => void compare.beforeAndAfter(chosen)}
            >
              Before and after training
            </button>
            <button
              type="button"
              disabled={!a || !b}
              onClick={() => {
                [compare.a.value, compare.b.value] = [b?.id ?? null, a?.id ?? null];
              }}
            >
              Swap A and B
            </button>
          </p>
          <p class="small soft" role="status">
            {compare.asking.value !== null ? `asking ${compare.asking.value}…` : ""}
          </p>
          {compare.problem.value !== null && (
            <p class="problem small" role="alert">
              {compare.problem.value}
            </p>
          )}
          {compare.obstacle !== null && <p class="small soft">{compare.obstacle}.</p>}
          <p class="small soft">
            Whole runs are compared in{" "}
            <button
              type="button"
              class="link"
              onClick={() => {
                store.tab.value = "runs";
              }}
            >
              Runs
            </button>
            : in a table, or drawn together.
          </p>
        </div>
        {a && b ? <SideBySide key={`${a.id} ${b.id}`} a={a} b={b} /> : <OneAlone />}
      </section>
      <section class="stack beside" aria-label="Boxes and new rollouts">
        <BothBoxes picture={pictures?.[0] ?? null} problem={problem} task={chosen.task} a={a} b={b} />
        <RollForms chosen={chosen} />
      </section>
    </>
  );
}

const OneAlone = () => (
  <div class="card">
    <p class="soft">There is one rollout of this task so far. Sample another one below to compare.</p>
  </div>
);

interface ChoiceProps {
  name: "A" | "B";
  sides: readonly Side[];
  chosen: Side | null;
  onChoose(id: string): void;
}

function Choice({ name, sides, chosen, onChoose }: ChoiceProps) {
  const compare = useCompare();
  return (
    <div class={`side side-${name.toLowerCase()}`}>
      <label>
        <b class="mark">{name}</b>
        <select
          aria-label={`Rollout ${name}`}
          value={chosen?.id ?? ""}
          onChange={(event) => onChoose(event.currentTarget.value)}
        >
          {sides.map(({ id, label }) => (
            <option key={id} value={id}>
              {shortened(label, 100)}
            </option>
          ))}
        </select>
      </label>
      {chosen && (
        <button type="button" onClick={() => compare.stepThrough(chosen)}>
          Step through {name}
        </button>
      )}
      {chosen?.notices.map((notice) => (
        <p key={notice} class="small soft">
          {notice}.
        </p>
      ))}
    </div>
  );
}
