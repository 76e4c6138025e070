import { usePage } from "../run/page_context.ts";

/** Puts the rollout beside another of its task. */
export function CompareButton() {
  const { store } = usePage();
  return (
    <button
      type="button"
      title="Beside another rollout of this task: by other weights, other settings or a model on a server"
      onClick={() => {
        store.tab.value = "compare";
      }}
    >
      Compare
    </button>
  );
}
