import type { ComponentChildren } from "preact";
import { resolveConfig } from "../../../train/config.ts";
import { modelName } from "../labels/model_name.ts";
import { shortened } from "../labels/numbers.ts";
import { presetGroups, presetName } from "../labels/preset_name.ts";
import { runName } from "../labels/run_name.ts";
import { usePage } from "../run/page_context.ts";
import { FetchLine } from "../widgets/fetch_line.tsx";
import { KnobField } from "../widgets/knob_field.tsx";
import { Part } from "../widgets/part.tsx";
import { PresetPicture } from "../widgets/preset_picture.tsx";
import { PresetWords } from "../widgets/preset_words.tsx";
import { PresetsButton } from "../widgets/presets_button.tsx";
import { SoftwareLine } from "../widgets/software_line.tsx";
import { WorldHintLine } from "../widgets/world_hint_line.tsx";
import { AllSettings } from "./all_settings.tsx";
import { ConfigPanel } from "./config_panel.tsx";
import { ExportButton } from "./export_button.tsx";
import { MemoryCard } from "./memory_card.tsx";
import { RewardCard } from "./reward_card.tsx";
import { VerlPanel } from "./verl_panel.tsx";
import { WarmupPanel } from "./warmup_panel.tsx";
import { WhatIf } from "./what_if.tsx";

interface Props {
  judge: ComponentChildren;
  model: ComponentChildren;
  away: ComponentChildren;
}

/** The left column: what the run is, what it is paid for, what to try. */
export function Controls({ judge, model, away }: Props) {
  const { store, control } = usePage();
  const { data, preset } = store.config.value;
  return (
    <>
      <div class="card" data-part="experiment">
        <h2>
          <b>Experiment</b>
        </h2>
        <div class="knob" data-part="preset">
          <div class="row">
            <label for="preset">Preset</label>
            <select id="preset" value={preset} onChange={(event) => control.choosePreset(event.currentTarget.value)}>
              {presetGroups.map(({ title, names }) => (
                <optgroup key={title} label={title}>
                  {names.map((name) => (
                    <option key={name} value={name}>
                      {presetName(name)}
                    </option>
                  ))}
                </optgroup>
              ))}
            </select>
          </div>
          <div class="preset-shown">
            <PresetPicture preset={preset} />
            <PresetWords preset={preset} />
            <PresetsButton label="All presets…" />
          </div>
          {model}
          <OtherModel />
          <WorldHintLine />
        </div>
        <KnobField knob="seed" />
        {data === "" ? (
          <KnobField knob="objects" label="objects in a scene" slider={{ min: 1, max: 8, step: 1 }} />
        ) : (
          <DataLine data={data} />
        )}
        <KnobField knob="tasksPerStep" label="tasks per step" />
        <KnobField knob="rolloutsPerTask" label="rollouts per task" />
        <KnobField knob="learningRate" slider={{ min: 1e-6, max: 1e-2, step: 0.05, scale: "log" }} />
        <KnobField knob="temperature" slider={{ min: 0.1, max: 2, step: 0.1 }} />
        <KnobField knob="steps" />
        {!store.isFresh.value && <SoftwareLine />}
        {!store.isFresh.value && <FetchLine />}
        <PendingLine />
        <ReplayLine />
      </div>
      <Part name="memory">
        <MemoryCard />
      </Part>
      <Part name="whatif">
        <WhatIf />
      </Part>
      <Part name="reward">
        <RewardCard />
      </Part>
      <Part name="judge">{judge}</Part>
      <Part name="allsettings">
        <AllSettings />
      </Part>
      <Part name="verl">
        <VerlPanel />
      </Part>
      <Part name="config">
        <ConfigPanel />
      </Part>
      <Part name="warmup">
        <WarmupPanel />
      </Part>
      <Part name="export">
        <ExportButton />
      </Part>
      <Part name="away">{away}</Part>
    </>
  );
}

/** Tasks from files in the place of generated scenes. */
function DataLine({ data }: { data: string }) {
  const { store, control } = usePage();
  return (
    <p class="small pending">
      Tasks from <span class="mono">{data}</span>.{" "}
      <button
        type="button"
        onClick={() => {
          store.tab.value = "data";
        }}
      >
        Look at it
      </button>{" "}
      <button type="button" onClick={() => control.setKnob("data", "")}>
        Generated scenes
      </button>
    </p>
  );
}

/** Says where a run starts from where it is not the preset's own model. */
function OtherModel() {
  const { store, control } = usePage();
  const { model, preset } = store.config.value;
  const shipped = resolveConfig({ preset }).model;
  if (model === shipped) return null;
  return (
    <p class="small pending">
      Starts from {modelName(model).replace(/@([0-9a-f]{8})[0-9a-f]{32}$/, "@$1")}.{" "}
      <button type="button" onClick={() => control.setKnob("model", shipped)}>
        Use the shipped model
      </button>
    </p>
  );
}

/** A recording has settings of its own, and the fields do not show them. */
function ReplayLine() {
  const { store, control } = usePage();
  const replay = store.replay.value;
  const config = store.runConfig.value;
  if (!replay || !config) return null;
  const { name, origin, state } = replay;
  const moving = store.player.value === "playing" || store.player.value === "stepping";
  return (
    <p class="small pending">
      For the next run.{" "}
      {config.model === ""
        ? "What the other program trained with is not in its log."
        : `The ${origin === "stored" ? "stored run" : "recording"} has: ${shortened(runName(config), 1000)}.`}{" "}
      {origin === "stored" && (
        <button
          type="button"
          disabled={store.busy.value !== null || store.warmup.value.running || moving}
          onClick={() => void control.useSettings(name)}
        >
          Use these settings
        </button>
      )}{" "}
      {origin === "stored" && (state.checkpointStep ?? 0) < config.steps && (
        <button
          type="button"
          disabled={store.blocked.value || moving || (name === store.storedAs.value && store.player.value !== "over")}
          onClick={() => void control.resume(name)}
        >
          Go on with it
        </button>
      )}
    </p>
  );
}

function PendingLine() {
  const { store, control } = usePage();
  const pending = store.pending.value.length;
  if (pending === 0) {
    return (
      <p class="soft small">
        Learning rate, temperature, steps and rewards apply at the next step. Others start a new run.
      </p>
    );
  }
  return (
    <p class="pending small">
      {pending === 1 ? "1 change waits" : `${pending} changes wait`} for a new run.{" "}
      <button type="button" disabled={store.blocked.value} onClick={() => void control.whatIf({})}>
        Start a new run
      </button>
    </p>
  );
}
