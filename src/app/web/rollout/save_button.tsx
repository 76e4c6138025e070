import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import type { StepContext } from "./step_context.ts";

/** Saves the rollout as a file that needs neither this page nor a network. */
export function SaveButton({ step: { chosen, pictures } }: { step: StepContext }) {
  const page = usePage();
  const [saving, setSaving] = useState(false);
  const save = async (): Promise<void> => {
    setSaving(true);
    try {
      const { savePage } = await import("./save_page.ts");
      await savePage(page, [{ ...chosen, parent: null, change: null }], pictures);
    } catch (error) {
      page.store.notices.error(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <button
      type="button"
      disabled={saving}
      title="Pictures, boxes, transcript with probabilities and reward in one HTML file without script"
      onClick={() => void save()}
    >
      Save as HTML
    </button>
  );
}
