import type { ComponentChildren } from "preact";
import { resolveConfig } from "../../../train/config.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import { presets } from "../../../train/presets.ts";
import { smallSteps, smallStepsToLearn, softwareStepSeconds } from "../../session/software_step.ts";
import { modelName } from "../labels/model_name.ts";
import { roughDuration, shortened } from "../labels/numbers.ts";
import { presetName } from "../labels/preset_name.ts";
import { runName } from "../labels/run_name.ts";
import { runAddresses } from "../run/fetched_addresses.ts";
import { usePage } from "../run/page_context.ts";
import { KnobField } from "../widgets/knob_field.tsx";
import { WatchButtons } from "../widgets/watch_buttons.tsx";
import { AllSettings } from "./all_settings.tsx";
import { ExportButton } from "./export_button.tsx";
import { MemoryCard } from "./memory_card.tsx";
import { RewardCard } from "./reward_card.tsx";
import { VerlPanel } from "./verl_panel.tsx";
import { WarmupPanel } from "./warmup_panel.tsx";
import { WhatIf } from "./what_if.tsx";

/** The left column: what the run is, what it is paid for, what to try. */
export function Controls({ judge, model }: { judge: ComponentChildren; model: ComponentChildren }) {
  const { store, control } = usePage();
  const { data, preset } = store.config.value;
  return (
    <>
      <div class="card">
        <h2>
          <b>Experiment</b>
        </h2>
        <div class="knob">
          <div class="row">
            <label for="preset">Preset</label>
            <select id="preset" value={preset} onChange={(event) => control.choosePreset(event.currentTarget.value)}>
              {Object.keys(presets).map((name) => (
                <option key={name} value={name}>
                  {presetName(name)}
                </option>
              ))}
            </select>
          </div>
          <p class="soft small sentence">{presets[preset]?.line.replace(/^[^:]*: */, "")}</p>
          {model}
          <OtherModel />
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
        <SoftwareLine />
        <FetchLine />
        <PendingLine />
        <ReplayLine />
      </div>
      <MemoryCard />
      <WhatIf />
      <RewardCard />
      {judge}
      <AllSettings />
      <VerlPanel />
      <WarmupPanel />
      <ExportButton />
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

/** What a step takes where the processor stands in for a graphics card, and steps that can be watched there. */
function SoftwareLine() {
  const { store, control } = usePage();
  const config = store.config.value;
  const { productSeconds } = store.opened.value ?? {};
  const isShipped = config.data === "" && resolveConfig({ preset: config.preset }).model === config.model;
  if (productSeconds === undefined || !isShipped) return null;
  const { tasksPerStep, rolloutsPerTask } = config;
  const takes = (of: Pick<RunConfig, "tasksPerStep" | "rolloutsPerTask">) =>
    roughDuration(1000 * softwareStepSeconds(productSeconds, of));
  const isSmall = tasksPerStep * rolloutsPerTask <= smallSteps.tasksPerStep * smallSteps.rolloutsPerTask;
  return (
    <p class="small pending">
      No graphics card here: the processor computes in its place, and a step of {tasksPerStep} × {rolloutsPerTask} will
      take {takes(config)}.{" "}
      {isSmall ? (
        `Small steps learn too, with more noise: when needle was tried so, accuracy reached .8 after ${smallStepsToLearn} steps of ${smallSteps.tasksPerStep} × ${smallSteps.rolloutsPerTask}, which are ${roughDuration(1000 * smallStepsToLearn * softwareStepSeconds(productSeconds, smallSteps))} here.`
      ) : (
        <button
          type="button"
          onClick={() => {
            for (const [knob, value] of Object.entries(smallSteps))
              control.setKnob(knob as keyof typeof smallSteps, value);
          }}
        >
          Take steps of {smallSteps.tasksPerStep} × {smallSteps.rolloutsPerTask}: {takes(smallSteps)}
        </button>
      )}
      {!store.replay.value && store.updates.value.length === 0 && (
        <>
          {" "}
          Meanwhile you can watch a run recorded on a graphics card: <WatchButtons />
        </>
      )}
    </p>
  );
}

/** What Start fetches from elsewhere, to be read before it is pressed. */
function FetchLine() {
  const { store } = usePage();
  const addresses = runAddresses(store.config.value);
  if (addresses.length === 0 || store.opened.value?.model.name === store.config.value.model) return null;
  return (
    <div class="small pending">
      <p>Start fetches, and nothing does before:</p>
      <ul class="addresses mono">
        {addresses.map((address) => (
          <li key={address}>{address}</li>
        ))}
      </ul>
    </div>
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
      For the next run. The {origin === "stored" ? "stored run" : "recording"} has: {shortened(runName(config), 1000)}.{" "}
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
