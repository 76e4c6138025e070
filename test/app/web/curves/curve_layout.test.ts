import { describe, expect, test } from "vitest";
import { curvesOf } from "../../../../src/app/web/curves/catalogue.ts";
import { plainLayout, readLayout } from "../../../../src/app/web/curves/curve_layout.ts";
import { grouped, movedBy } from "../../../../src/app/web/curves/curve_order.ts";

describe("a stored layout", () => {
  test("is read back", () => {
    const layout = {
      smoothing: 0.6,
      seeds: "range" as const,
      hidden: ["iou"],
      logarithmic: ["losses"],
      order: ["kl", "losses"],
      moved: { iou: "tool" as const },
      open: { learning: true },
      own: [{ title: "both", keys: ["reward", "loss"] }],
    };
    expect(readLayout(JSON.stringify(layout))).toEqual(layout);
  });

  test.each([null, "", "{", "7", "[]", '"x"', "null"])("%s is none", (text) => {
    expect(readLayout(text)).toEqual(plainLayout);
  });

  test("loses what cannot be used", () => {
    const damaged = {
      smoothing: 1.5,
      seeds: "nonsense",
      hidden: [1, "iou", null],
      logarithmic: "losses",
      moved: { iou: "nowhere", kl: "tool" },
      open: { learning: "yes", tool: false },
      own: [{ title: "empty", keys: [] }, { title: 7, keys: ["a"] }, null, { title: "good", keys: ["a"] }],
    };
    expect(readLayout(JSON.stringify(damaged))).toEqual({
      ...plainLayout,
      hidden: ["iou"],
      moved: { kl: "tool" },
      open: { tool: false },
      own: [{ title: "good", keys: ["a"] }],
    });
  });
});

describe("groups", () => {
  const specs = curvesOf(new Set(["accuracy", "loss"]));
  const idsOf = (changes: Partial<typeof plainLayout>, group: string) =>
    grouped(specs, { ...plainLayout, ...changes })
      .find(({ name }) => name === group)
      ?.specs.map(({ id }) => id);

  test("have their charts in the order that was chosen, without those that are hidden", () => {
    expect(idsOf({}, "learning")!.slice(0, 3)).toEqual(["losses", "kl", "clip"]);
    expect(idsOf({ order: ["clip", "kl"] }, "learning")!.slice(0, 3)).toEqual(["clip", "kl", "losses"]);
    expect(idsOf({ hidden: ["kl"] }, "learning")!.slice(0, 2)).toEqual(["losses", "clip"]);
  });

  test("may get a chart of another", () => {
    expect(idsOf({ moved: { losses: "outcome" } }, "outcome")).toContain("losses");
    expect(idsOf({ moved: { losses: "outcome" } }, "learning")).not.toContain("losses");
    expect(idsOf({}, "own")).toBeUndefined();
  });

  test("a chart goes up and down within its group, and no farther", () => {
    expect(movedBy([], ["a", "b", "c"], "b", -1)).toEqual(["b", "a", "c"]);
    expect(movedBy(["x", "b", "a", "c"], ["b", "a", "c"], "a", 1)).toEqual(["x", "b", "c", "a"]);
    expect(movedBy(["x"], ["a", "b"], "a", -1)).toEqual(["x"]);
    expect(movedBy([], ["a", "b"], "b", 1)).toEqual([]);
  });
});
