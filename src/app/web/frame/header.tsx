import type { RunConfig } from "../../../train/knobs.ts";
import { modelName } from "../labels/model_name.ts";
import { count, parameters, shortened } from "../labels/numbers.ts";
import { usePage } from "../run/page_context.ts";
import { type Tab, tabs } from "../run/store.ts";
import { theme, toggleTheme } from "../widgets/theme.ts";
import { BrandIcon, ThemeIcon } from "./icons.tsx";
import { WordsButton } from "./words_button.tsx";

const tabNames: Record<Tab, string> = {
  train: "Train",
  rollouts: "Rollouts",
  step: "Step through",
  compare: "Compare",
  runs: "Runs",
  data: "Data",
  learn: "Learn",
};

export function Header() {
  const { store } = usePage();
  return (
    <header>
      <h1 class="brand">
        <BrandIcon />
        Saccade
      </h1>
      <nav class="tabs" aria-label="Views" data-part="tabs">
        {tabs.map((tab) => (
          <button
            key={tab}
            type="button"
            data-part={tab}
            aria-current={store.tab.value === tab ? "page" : undefined}
            onClick={() => {
              store.tab.value = tab;
            }}
          >
            {tabNames[tab]}
          </button>
        ))}
      </nav>
      <Chips />
      <span class="corner">
        <WordsButton />
        <button type="button" class="icon" aria-label={`Theme: ${theme.value}; switch`} onClick={toggleTheme}>
          <ThemeIcon />
        </button>
      </span>
    </header>
  );
}

function Chips() {
  const { store } = usePage();
  const opened = store.opened.value;
  const head = store.replay.value ? store.runHead.value : null;
  const adapter = head?.adapter ?? opened?.adapter;
  const model = head?.model ?? opened?.model;
  const speed = store.updates.value.at(-1)?.metrics.tokens_per_second;
  if (!adapter || !model) return <span class="chips" />;
  return (
    <span class="chips" data-part="device">
      <span class="chip">
        <i class={opened?.software && !head ? "dot slow" : "dot"} aria-hidden="true" />
        {shortened(adapter, 120)}
        {speed !== undefined && ` · ${count(Math.round(speed))} tok/s`}
        {!store.replay.value && ` · ${whatLeaves(store.runConfig.value ?? store.config.value)}`}
      </span>
      <span class="chip">
        {shortened(modelName(model.name), 120)} · {parameters(model.parameters)}
      </span>
    </span>
  );
}

/** What leaves this machine while a run goes on. */
function whatLeaves({ judge, judgeUrl }: RunConfig): string {
  if (judge === "rules" || !URL.canParse(judgeUrl)) return "nothing uploaded";
  return `answers go to ${new URL(judgeUrl).host}`;
}
