import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Asks once more before it removes; the other actions stand beside it until then. */
export function RemoveButton({
  name,
  onRemove,
  children,
}: {
  name: string;
  onRemove(): void;
  children?: ComponentChildren;
}) {
  const [asking, setAsking] = useState(false);
  const asked = useRef(false);
  const remove = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  // The keyboard goes with the question, to the answer that changes nothing, and back.
  useLayoutEffect(() => {
    if (asking) keep.current?.focus();
    else if (asked.current) remove.current?.focus();
    asked.current = asking;
  }, [asking]);
  return asking ? (
    <>
      <span class="small">Remove for good?</span>
      <button
        type="button"
        class="danger"
        onClick={() => {
          setAsking(false);
          onRemove();
        }}
      >
        Remove
      </button>
      <button ref={keep} type="button" onClick={() => setAsking(false)}>
        Keep
      </button>
    </>
  ) : (
    <>
      {children}
      <button ref={remove} type="button" aria-label={`Remove ${name}`} onClick={() => setAsking(true)}>
        Remove…
      </button>
    </>
  );
}
