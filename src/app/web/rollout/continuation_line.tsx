import type { Rollout } from "../../../agent/rollout.ts";
import { continuationWords } from "../../text/continuation_words.ts";
import { usePage } from "../run/page_context.ts";

/** Whence a rollout goes on, and which part of it is trained; nothing for one that shares no tokens with others. */
export function ContinuationLine({ rollout }: { rollout: Rollout }) {
  const { store } = usePage();
  const { continues } = rollout;
  const words = continuationWords(rollout);
  if (words === null) return null;
  return (
    <p class="cap">
      This rollout {words}
      {continues
        ? ", where its call was sampled again; the tokens before are trained in that one. "
        : ", where its call was sampled again; its own tokens from there on are not trained."}
      {continues && (
        <button
          type="button"
          class="link"
          onClick={() => {
            store.pinned.value = continues.rollout;
          }}
        >
          Open that rollout
        </button>
      )}
    </p>
  );
}
