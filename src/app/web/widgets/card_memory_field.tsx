import type { ReadonlySignal } from "@preact/signals";
import { useId, useState } from "preact/hooks";

/** What a person says of the card. */
interface CardMemory {
  memoryGib: ReadonlySignal<number | null>;
  /** Null, or a sentence about what was typed. */
  setMemory(text: string): string | null;
}

/** Memory of the card in GiB: browsers do not report it. */
export function CardMemoryField({ card }: { card: CardMemory }) {
  const id = useId();
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <div class="knob">
      <div class="row">
        <label for={id}>memory of the card, GiB</label>
        <input
          id={id}
          class="num"
          type="text"
          inputMode="decimal"
          autocomplete="off"
          placeholder="?"
          aria-describedby={problem ? `${id}-problem` : undefined}
          aria-invalid={problem ? true : undefined}
          value={card.memoryGib.value === null ? "" : String(card.memoryGib.value)}
          onChange={(event) => setProblem(card.setMemory(event.currentTarget.value))}
        />
      </div>
      {problem && (
        <p class="problem small" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      {card.memoryGib.value === null && (
        <p class="soft small">Browsers do not report it. Type it here, and the page says whether a run fits.</p>
      )}
    </div>
  );
}
