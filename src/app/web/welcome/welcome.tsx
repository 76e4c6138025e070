import { type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";
import { presetName, sentence } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import { FetchLine } from "../widgets/fetch_line.tsx";
import { PlayIcon } from "../widgets/play_icons.tsx";
import { PresetsButton } from "../widgets/presets_button.tsx";
import { SoftwareLine } from "../widgets/software_line.tsx";
import { Term } from "../widgets/term.tsx";
import { WatchButtons } from "../widgets/watch_buttons.tsx";

/** What the page is, before anything has been run in it: a sentence, the button that starts, and a recorded run that plays. */
export function Welcome() {
  const { store, control } = usePage();
  const busy = store.busy.value;
  const { preset } = store.config.value;
  const canTrain = store.gpuProblem.value === null;
  return (
    <section class="card welcome" aria-label="What this is">
      <h2>A small vision-language model learns, by reward alone, to zoom into a picture before it answers.</h2>
      <p class="soft">
        It re-creates <Term of="deepeyes" /> with <Term of="grpo" />, on your own graphics card, in this tab. Below, a
        recorded run plays.
      </p>
      <div class="buttons">
        {canTrain && (
          <button
            type="button"
            class="go big"
            disabled={store.startBlocked.value}
            onClick={() => void control.toggle()}
          >
            <PlayIcon />
            Start training
          </button>
        )}
        <WatchButtons />
        <span class="small soft welcome-status">
          {busy !== null ? `${busy}…` : canTrain && store.opened.value ? "ready" : ""}
        </span>
      </div>
      <p class="small welcome-preset">
        Preset <b>{presetName(preset)}</b>: {inSentence(sentence(preset))} <PresetsButton label="Other worlds…" />
      </p>
      <SoftwareLine />
      <FetchLine />
      <Intro />
      <nav class="welcome-links small" aria-label="To read on">
        <a href="https://arxiv.org/abs/2505.14362" target="_blank" rel="noreferrer">
          The paper
        </a>
        <a href="docs/README.html" target="_blank" rel="noopener">
          The documents
        </a>
        <a href="docs/src/README.html" target="_blank" rel="noopener">
          The code
        </a>
        <button
          type="button"
          class="link"
          onClick={() => {
            store.tab.value = "learn";
          }}
        >
          Lessons to try
        </button>
      </nav>
    </section>
  );
}

/** It stands behind a colon, and a question ends by itself. */
const inSentence = (text: string): string =>
  text.charAt(0).toLowerCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");

/** The recording, imported after the page is there: nothing waits for it. */
function Intro() {
  const [loaded, setLoaded] = useState<{ View: ComponentType } | { problem: string } | null>(null);
  useEffect(() => {
    import("./intro_player.tsx").then(
      ({ IntroPlayer }) => setLoaded({ View: IntroPlayer }),
      (error: Error) => setLoaded({ problem: error.message }),
    );
  }, []);
  return (
    <div class="intro">
      {loaded &&
        ("View" in loaded ? (
          h(loaded.View, null)
        ) : (
          <p class="soft small">The recording could not be loaded ({loaded.problem}); training works without it.</p>
        ))}
    </div>
  );
}
