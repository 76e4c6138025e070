import { presets } from "../../../train/presets.ts";
import { sentence } from "../labels/preset_name.ts";

/** What a preset is, and what a run of it shows. */
export function PresetWords({ preset }: { preset: string }) {
  const { expect } = presets[preset] ?? {};
  return (
    <>
      <p class="soft small sentence">{sentence(preset)}</p>
      {expect && (
        <p class="soft small">
          <b>What to expect.</b> {expect}
        </p>
      )}
    </>
  );
}
