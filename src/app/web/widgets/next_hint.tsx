import type { ComponentChildren } from "preact";
import type { FirstStep } from "../run/first_steps.ts";
import { usePage } from "../run/page_context.ts";

/** What to press next, beside what is to be pressed, until it was pressed once in this browser. */
export function NextHint({ step, children }: { step: FirstStep; children: ComponentChildren }) {
  const { firstSteps } = usePage();
  if (firstSteps.next.value !== step) return null;
  return (
    <p class="next-hint small" role="note">
      <span>
        <b>Next:</b> {children}
      </span>
      <button type="button" class="link" onClick={() => firstSteps.dismiss()}>
        No hints
      </button>
    </p>
  );
}
