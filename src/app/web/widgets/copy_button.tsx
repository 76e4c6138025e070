import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const { store } = usePage();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      store.notices.add(
        "error",
        "The browser does not let this page copy; open it over https, or select the text and copy it by hand",
      );
    }
  };
  return (
    <>
      <button type="button" aria-label={label} onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </button>
      <span class="hidden" role="status">
        {copied ? "Copied" : ""}
      </span>
    </>
  );
}
