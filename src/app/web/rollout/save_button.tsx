import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";
import type { StepContext } from "./step_context.ts";

/** Saves the rollout as a file that needs neither this page nor a network. */
export function SaveButton({ step: { chosen, pictures, branches } }: { step: StepContext }) {
  const page = usePage();
  const [saving, setSaving] = useState(false);
  const save = async (): Promise<void> => {
    setSaving(true);
    try {
      const { savePage, treeOf } = await import("./save_page.ts");
      await savePage(page, treeOf(page, chosen), pictures);
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
      {branches > 0 ? `Save as HTML, with ${branches === 1 ? "its branch" : `${branches} branches`}` : "Save as HTML"}
    </button>
  );
}
