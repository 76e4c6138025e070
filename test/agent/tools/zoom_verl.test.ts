import { describe, expect, test } from "vitest";
import { zoomAsVerl } from "../../../src/agent/tools/zoom_verl.ts";
import { stepWith } from "../../support/model_turns.ts";
import { originals } from "../../support/originals.ts";

const image = { width: 1000, height: 800 };
const call = (box: string, rest = "") => zoomAsVerl(`{"bbox_2d": ${box}${rest}}`, image);

describe("zoomAsVerl()", () => {
  test("answers as verl's own code did", async () => {
    const cases = originals("zoom");
    expect(cases.filter((one) => one.crop).length).toBeGreaterThan(40);
    for (const one of cases) {
      if (one.tool !== "image_zoom_in_tool") {
        const text = `<tool_call>{"name": ${JSON.stringify(one.tool)}, "arguments": ${one.arguments}}</tool_call>`;
        expect(await stepWith(text, { tool: "verl" }), one.tool).toMatchObject({ text: one.text });
        continue;
      }
      const reply = zoomAsVerl(one.arguments, { width: one.size[0], height: one.size[1] });
      expect(reply.text, one.arguments).toBe(one.text);
      expect(reply.ok ? reply.cropShownPx : null, one.arguments).toEqual(one.crop ?? null);
      if (one.rew !== undefined) expect(reply.toolReward).toBe(one.rew);
    }
  });

  test("enlarges a small box about its centre and moves it inside", () => {
    expect(call("[500, 400, 510, 410]")).toMatchObject({ enlarged: true, cropShownPx: [491, 391, 519, 419] });
    expect(call("[995, 795, 1000, 800]")).toMatchObject({ enlarged: true, cropShownPx: [972, 772, 1000, 800] });
  });

  test("says which rule a box breaks", () => {
    expect(call("[300, 300, 100, 100]")).toMatchObject({
      kind: "invalid_box",
      reason: "empty_or_inverted_after_clamp",
    });
    expect(call("[500, 100, 505, 700]")).toMatchObject({ kind: "invalid_box", reason: "aspect_ratio_gt_100" });
    expect(call("[100, 400, 900, 410]")).toMatchObject({ kind: "invalid_box", reason: "final_size_lt_28" });
    expect(call("[1, 2, 3]")).toMatchObject({ kind: "missing_or_not_4", toolReward: -0.05 });
    expect(call('["a", 0, 1, 1]')).toMatchObject({ kind: "exception_in_processing", toolReward: -0.05 });
    expect(call("5")).toMatchObject({ kind: "tool_exception", toolReward: 0 });
  });

  test("cuts a long reply in its middle, in code points", () => {
    const { text } = call("[100, 100, 300, 300]", `, "label": "${"🙂".repeat(300)}"`);
    expect([...text].length).toBe(128 + "...(truncated)...".length + 128);
    expect(text.startsWith("Zoomed in on the image to the region [100, 100, 300, 300] with label 🙂")).toBe(true);
    expect(text.endsWith("🙂.")).toBe(true);
  });
});
