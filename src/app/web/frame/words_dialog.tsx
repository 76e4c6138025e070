import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { glossary, type Meaning } from "../labels/glossary.ts";
import { OutcomeLegend } from "../widgets/outcome_legend.tsx";

const meanings: readonly Meaning[] = Object.values(glossary).sort((a, b) => a.name.localeCompare(b.name));

/** Letters and lines that stand for something in several views. */
const symbols: readonly [string, string][] = [
  ["μ, σ", "mean and standard deviation of the rewards in a group"],
  ["A, R", "advantage and reward of a rollout"],
  ["π, r", "the policy; the ratio of a token's probability now to that when it was sampled"],
  ["∧", "and: paid only where both hold"],
  ["dashed box", "the gold box, where the answer is"],
  ["box with a number", "where the model zoomed, in order"],
  ["faint line", "the run before this one"],
  ["dots in a curve", "evaluations on held-out tasks"],
];

/** All words of the glossary, the letters and the symbols. */
export function WordsDialog({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [wanted, setWanted] = useState("");
  const title = useId();
  const field = useId();
  useLayoutEffect(() => dialog.current!.showModal(), []);
  const typed = wanted.trim().toLowerCase();
  const found = meanings.filter(({ name, says }) => `${name} ${says}`.toLowerCase().includes(typed));
  return (
    <dialog ref={dialog} class="words" aria-labelledby={title} onClose={onClose}>
      <div class="headline">
        <h2 id={title}>
          <b>Words and symbols</b>
        </h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <label for={field} class="hidden">
        Find a word
      </label>
      <input
        id={field}
        type="search"
        class="text"
        placeholder="Find a word"
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
      />
      {typed === "" && (
        <>
          <h3>Rollouts</h3>
          <OutcomeLegend />
          <h3>Symbols</h3>
          <dl class="symbols">
            {symbols.map(([symbol, says]) => (
              <div key={symbol}>
                <dt>{symbol}</dt>
                <dd>{says}</dd>
              </div>
            ))}
          </dl>
          <h3>Words</h3>
        </>
      )}
      <p class="hidden" role="status">
        {typed !== "" && `${found.length} words`}
      </p>
      {found.length === 0 && <p class="soft">No word here has that in it.</p>}
      <dl>
        {found.map(({ name, says, link }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {says}
              {link && (
                <>
                  {" "}
                  <a href={link.href} target="_blank" rel="noreferrer">
                    {link.label}
                  </a>
                </>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <p class="buttons small">
        <a href="docs/README.html" target="_blank" rel="noopener">
          The documents
        </a>
        <a href="docs/src/README.html" target="_blank" rel="noopener">
          The code
        </a>
      </p>
    </dialog>
  );
}
