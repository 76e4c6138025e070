import { useId, useRef, useState } from "preact/hooks";
import { parseQuery, queryText } from "../../rollout_list/query.ts";
import { download, fileName } from "../browser/download.ts";
import { count } from "../labels/numbers.ts";
import { linkTo } from "../run/look.ts";
import { usePage } from "../run/page_context.ts";
import { CopyButton } from "../widgets/copy_button.tsx";
import { commonFilters, forgetFilter, type KeptFilter, keepFilter, keptFilters } from "./kept_filters.ts";
import type { ListControl, ShownList } from "./list_control.ts";

/** Letters that are typed at once are looked for together. */
const patienceMs = 50;

/** The filter as text, filters under their names, and what can be done with all that was found. */
export function FilterBar({ list, shown }: { list: ListControl; shown: ShownList }) {
  const { store } = usePage();
  const field = useId();
  const problem = useId();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [typed, setTyped] = useState<string | null>(null);
  const apply = (text: string): void => {
    clearTimeout(timer.current);
    try {
      parseQuery(text);
      list.problem.value = null;
      store.find.value = text.trim();
    } catch (error) {
      list.problem.value = (error as Error).message;
    }
  };
  /** As it is written: what was typed may say the same twice. */
  const settle = (text: string): void => {
    apply(text);
    if (list.problem.value !== null) return;
    store.find.value = queryText(parseQuery(text));
    setTyped(null);
  };
  const filtered = store.find.value !== "" || store.sorting.value !== "";
  return (
    <>
      <div class="headline">
        <h2>
          <b>Rollouts</b> ·{" "}
          <span role="status">
            {shown.found === shown.total ? count(shown.total) : `${count(shown.found)} of ${count(shown.total)}`}
          </span>
        </h2>
        <span class="buttons">
          <Save list={list} shown={shown} />
          <CopyButton
            label="Copy link to this list"
            name="Copy link"
            text={() => linkTo(store, location, null, "rollouts")}
          />
        </span>
      </div>
      <div class="find">
        <label class="hidden" for={field}>
          Filter: words, and fields such as is:wrong
        </label>
        <input
          id={field}
          class="text"
          type="search"
          spellcheck={false}
          autocomplete="off"
          placeholder='words to look for, is:wrong, reward>0.5, step:10..20, "red circle"'
          aria-invalid={list.problem.value !== null}
          aria-describedby={list.problem.value === null ? undefined : problem}
          value={typed ?? store.find.value}
          onInput={(event) => {
            const text = event.currentTarget.value;
            setTyped(text);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => apply(text), patienceMs);
          }}
          onChange={(event) => settle(event.currentTarget.value)}
        />
        {filtered && (
          <button
            type="button"
            onClick={() => {
              setTyped(null);
              list.problem.value = null;
              store.find.value = "";
              store.sorting.value = "";
            }}
          >
            Show all
          </button>
        )}
      </div>
      {list.problem.value !== null && (
        <p id={problem} class="problem small" role="alert">
          {list.problem.value}.
        </p>
      )}
      <Kept onUse={() => setTyped(null)} />
      <Help />
    </>
  );
}

function Save({ list, shown }: { list: ListControl; shown: ShownList }) {
  const { store, control } = usePage();
  const [saving, setSaving] = useState(false);
  const save = async (): Promise<void> => {
    setSaving(true);
    try {
      const name = store.replay.peek()?.name ?? store.storedAs.peek() ?? "run";
      download(`${fileName(name)}-rollouts.jsonl`, await control.api.rollouts.saveFound(list.shown.peek()!.search));
    } catch (error) {
      store.notices.error(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <button
      type="button"
      disabled={saving || shown.found === 0}
      title="One rollout a line: all of it, its task, and what you said of it"
      onClick={() => void save()}
    >
      {saving ? "Saving…" : "Save as JSONL"}
    </button>
  );
}

/** Filters under their names; the one that is used can be kept under another. */
function Kept({ onUse }: { onUse(): void }) {
  const { store } = usePage();
  const [name, setName] = useState<string | null>(null);
  const isUsed = ({ find, sort }: KeptFilter): boolean => find === store.find.value && sort === store.sorting.value;
  const use = (filter: KeptFilter): void => {
    const used = isUsed(filter);
    store.find.value = used ? "" : filter.find;
    store.sorting.value = used ? "" : filter.sort;
    onUse();
  };
  const known = [...commonFilters, ...keptFilters.value];
  const isNew = (store.find.value !== "" || store.sorting.value !== "") && !known.some(isUsed);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be laid out apart from its row
    <div class="kept" role="group" aria-label="Filters by name">
      {known.map((filter, i) => (
        <span key={filter.name} class="one">
          <button
            type="button"
            aria-pressed={isUsed(filter)}
            title={filter.find || filter.sort}
            onClick={() => use(filter)}
          >
            {filter.name}
          </button>
          {i >= commonFilters.length && isUsed(filter) && (
            <button
              type="button"
              aria-label={`Forget the filter ${filter.name}`}
              onClick={() => forgetFilter(filter.name)}
            >
              ✕
            </button>
          )}
        </span>
      ))}
      {isNew && name === null && (
        <button type="button" class="new" onClick={() => setName("")}>
          Keep this filter…
        </button>
      )}
      {isNew && name !== null && (
        <form
          class="one"
          onSubmit={(event) => {
            event.preventDefault();
            const given = name.trim().slice(0, 60);
            if (given !== "") keepFilter({ name: given, find: store.find.value, sort: store.sorting.value });
            setName(null);
          }}
        >
          <input
            ref={(input) => input?.focus()}
            aria-label="A name for this filter"
            placeholder="its name"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Escape" && setName(null)}
          />
          <button type="submit">Keep</button>
        </form>
      )}
    </div>
  );
}

const help: readonly [text: string, means: string][] = [
  ["magenta", "in the question, an answer, the response or a note, in whatever case"],
  ['"red circle"', "these words one after another"],
  ["-blur", "without that word; a minus stands before fields as well"],
  ["is:wrong", "right, wrong, format, unjudged, failed"],
  ["tool:used", "a call was carried out; or unused"],
  ["end:length", "answer, malformed, length, turns, error"],
  ["from:rollout", "it continues another, whose call was sampled again; or prompt"],
  ["reward>0.5", "also advantage, step, task, rollout, tokens, turns, zooms, calls, iou; <, >=, <="],
  ["step:10..20", "from 10 to 20; step:12 is that step alone"],
  ["source:vstar", "also called: (a tool), fault: (a call’s outcome), by: (the rule or judge)"],
  ["question:digit", "in the question alone; also answer:, response:"],
  ["tag:blur", "a tag of yours; has:note, has:tag, has:disagreement"],
];

function Help() {
  return (
    <details class="help">
      <summary>What can be written, and keys</summary>
      <table class="kv">
        <tbody>
          {help.map(([text, means]) => (
            <tr key={text}>
              <td>
                <code>{text}</code>
              </td>
              <td>{means}</td>
            </tr>
          ))}
          <tr>
            <td>
              <kbd>↑</kbd> <kbd>↓</kbd>
            </td>
            <td>in the list: the rollout before, the next one; Page up, Page down, Home, End</td>
          </tr>
          <tr>
            <td>
              <kbd>Enter</kbd>
            </td>
            <td>steps through the chosen rollout, token by token</td>
          </tr>
        </tbody>
      </table>
    </details>
  );
}
