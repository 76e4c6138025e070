import { useId } from "preact/hooks";

interface RememberRowProps {
  remembered: boolean;
  /** Stores or forgets the secret. Returns whether it is stored now: a browser may refuse. */
  onRemember(on: boolean): boolean;
}

/** Whether a secret of the page outlives it, with what that means. */
export function RememberRow({ remembered, onRemember }: RememberRowProps) {
  const id = useId();
  return (
    <div class="row">
      <label for={id}>remember on this device, as plain text</label>
      <input
        id={id}
        type="checkbox"
        checked={remembered}
        onChange={(event) => {
          event.currentTarget.checked = onRemember(event.currentTarget.checked);
        }}
      />
    </div>
  );
}
