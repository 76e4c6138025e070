import { useState } from "preact/hooks";
import { type PartName, parts } from "../labels/parts.ts";
import { usePage } from "../run/page_context.ts";
import { noPlace, writeUrl } from "../run/url_state.ts";
import { CopyButton } from "../widgets/copy_button.tsx";

const names = Object.keys(parts) as PartName[];

/** Makes a link to the page with these settings that shows a part of it only. */
export function LessonMaker() {
  const { store } = usePage();
  const [hidden, setHidden] = useState<ReadonlySet<PartName>>(new Set());
  const toggle = (name: PartName): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  const search = writeUrl({
    tab: "train",
    ...noPlace,
    changes: store.changes.value,
    lesson: { hide: names.filter((name) => hidden.has(name)), only: [] },
    others: [],
  });
  const link = new URL(search, location.href).href;
  return (
    <details class="card lesson maker">
      <summary>
        <b>Make a lesson of your own</b> a link that hides parts of the page
      </summary>
      <p>
        The link opens the page with the settings that are chosen now, without what you untick. Start always stays. By
        hand: <code>hide=memory.seed</code> hides these two, <code>only=reward.bonus</code> shows nothing else; every
        setting goes by its name.
      </p>
      <fieldset class="parts">
        <legend>Shown</legend>
        {names.map((name) => (
          <label key={name}>
            <input type="checkbox" checked={!hidden.has(name)} onChange={() => toggle(name)} /> {parts[name]}{" "}
            <code class="soft">{name}</code>
          </label>
        ))}
      </fieldset>
      <p class="small mono link">{link}</p>
      <p class="buttons after">
        <CopyButton text={link} label="Copy the link" />
        <a href={link} target="_blank" rel="noreferrer">
          Open it
        </a>
      </p>
    </details>
  );
}
