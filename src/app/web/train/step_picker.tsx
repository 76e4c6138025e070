import { usePage } from "../run/page_context.ts";

/** Which step's rollouts are shown: the newest, or an earlier one that is still in memory. */
export function StepPicker() {
  const { store } = usePage();
  const steps = store.steps.value;
  const record = store.record.value;
  const index = record ? steps.indexOf(record) : -1;
  if (index < 0) return null;
  const choose = (to: number): void => {
    const step = steps[to];
    if (!step) return;
    store.chosenStep.value = step.step;
    store.pinned.value = null;
  };
  return (
    <span class="steppicker small soft">
      <button
        type="button"
        class="icon"
        aria-label="Earlier step"
        disabled={index === 0}
        onClick={() => choose(index - 1)}
      >
        ‹
      </button>
      <input
        type="range"
        aria-label="Step shown"
        aria-valuetext={`step ${record!.step}`}
        min={0}
        max={steps.length - 1}
        value={index}
        onInput={(event) => choose(event.currentTarget.valueAsNumber)}
      />
      <button
        type="button"
        class="icon"
        aria-label="Later step"
        disabled={index === steps.length - 1}
        onClick={() => choose(index + 1)}
      >
        ›
      </button>
      <button
        type="button"
        aria-pressed={store.chosenStep.value === null}
        onClick={() => {
          store.chosenStep.value = null;
          store.pinned.value = null;
        }}
      >
        newest
      </button>
    </span>
  );
}
