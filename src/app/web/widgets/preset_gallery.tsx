import { resolveConfig } from "../../../train/config.ts";
import { presets } from "../../../train/presets.ts";
import { presetGroups, presetName } from "../labels/preset_name.ts";
import { usePage } from "../run/page_context.ts";
import { PresetPicture } from "./preset_picture.tsx";
import { PresetWords } from "./preset_words.tsx";

/** Every preset with a sentence, a scene of it and what to expect. */
export function PresetGallery({ onChosen }: { onChosen(): void }) {
  return presetGroups.map(({ title, names }) => (
    <section key={title} aria-label={title}>
      <h3>{title}</h3>
      <ul class="preset-list">
        {names.map((name) => (
          <Entry key={name} preset={name} onChosen={onChosen} />
        ))}
      </ul>
    </section>
  ));
}

function Entry({ preset, onChosen }: { preset: string; onChosen(): void }) {
  const { store, control } = usePage();
  const isChosen = store.config.value.preset === preset;
  const { model } = resolveConfig({ preset });
  const name = presetName(preset);
  return (
    <li aria-current={isChosen ? "true" : undefined}>
      <PresetPicture preset={preset} />
      <div>
        <p>
          <b>{name}</b> {isChosen && <span class="tag">chosen</span>}
        </p>
        <PresetWords preset={preset} />
        <p class="soft small">
          Model {model.replace(/@main$/, "")}
          {presets[preset]?.changes.maxToolCalls !== undefined && `, up to ${callsText(preset)}`}
        </p>
      </div>
      <p class="buttons">
        <button
          type="button"
          aria-label={`Use ${name}`}
          onClick={() => {
            if (!isChosen) control.choosePreset(preset);
            onChosen();
          }}
        >
          Use
        </button>
      </p>
    </li>
  );
}

function callsText(preset: string): string {
  const { maxToolCalls } = resolveConfig({ preset });
  return maxToolCalls === 1 ? "1 call in a rollout" : `${maxToolCalls} calls in a rollout`;
}
