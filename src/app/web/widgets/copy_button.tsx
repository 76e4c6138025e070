import { useState } from "preact/hooks";
import { usePage } from "../run/page_context.ts";

interface Props {
  /** Made when it is asked for, where it is a function. */
  text: string | (() => string);
  /** For screen readers. */
  label: string;
  /** On the button. */
  name?: string;
  /** Said beside the button once it has been copied. */
  note?: string | null;
}

/** Copies a text, and says so for a moment. */
export function CopyButton({ text, label, name = "Copy", note }: Props) {
  const { store } = usePage();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setCopied(true);
      setTimeout(() => setCopied(false), note ? 10_000 : 2000);
    } catch {
      store.notices.add(
        "error",
        "The browser does not let this page copy; open it over https, or select the text and copy it by hand",
      );
    }
  };
  return (
    <>
      <button type="button" aria-label={copied ? undefined : label} onClick={() => void copy()}>
        {copied ? "Copied" : name}
      </button>
      <span class={copied && note ? "soft small copied" : "hidden"} role="status">
        {copied ? (note ? `Copied. ${note}.` : "Copied") : ""}
      </span>
    </>
  );
}
