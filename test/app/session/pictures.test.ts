import { expect, test } from "vitest";
import { openGpuSession } from "../../../src/app/session/open_gpu_session.ts";
import { GpuPictures } from "../../../src/model/pictures/gpu_pictures.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { platform } from "../../support/shipped.ts";

const size: Partial<RunConfig> = { tasksPerStep: 2, rolloutsPerTask: 2, steps: 2, seed: 3, evalEvery: 0 };

/** A run's events without times, and its weights. */
async function run(config: RunConfig, pictures: "device" | "host") {
  const session = await openGpuSession(platform, config, { pictures });
  const events: object[] = [];
  for await (const event of session.train()) {
    const { startedAt, durationMs, rollMs, updateMs, peakMemoryBytes, ...rest } = event as unknown as Record<
      string,
      unknown
    >;
    if (rest.type !== "decode") events.push(rest);
  }
  const { files } = await session.checkpoint();
  const kept = GpuPictures.of(session.gpu).bytes;
  session.close();
  return { events, files, kept };
}

test.each([
  { tool: "saccade", tools: "image_zoom_in_tool,image_rotate_tool", toolErrors: "answer" },
  { crop: "shuffled", toolErrors: "answer" },
] as Partial<RunConfig>[])(
  "a run with its pictures on the device has the bits of one with them on the host: %o",
  async (changes) => {
    const config = resolveConfig({ model: "needle", ...size, ...changes });
    const onHost = await run(config, "host");
    const onDevice = await run(config, "device");
    expect(onDevice.events).toEqual(onHost.events);
    const zooms = JSON.stringify(onHost.events).match(/"outcome":"ok"/g) ?? [];
    expect(zooms.length).toBeGreaterThan(0);
    for (const [i, { name, bytes }] of onHost.files.entries()) {
      expect(onDevice.files[i]!.name).toBe(name);
      const found = onDevice.files[i]!.bytes;
      expect(found.length).toBe(bytes.length);
      expect(found.findIndex((byte, at) => byte !== bytes[at])).toBe(-1);
    }
    expect(onHost.kept).toBe(0);
    expect(onDevice.kept).toBeGreaterThan(4 * 512 * 512 * 3);
  },
);
