import { describe, expect, it } from "vitest";
import { differences, noPlace, readUrl, type UrlState, writeUrl } from "../../../../src/app/web/run/url_state.ts";
import { resolveConfig } from "../../../../src/train/config.ts";

const state = (parts: Partial<UrlState>): UrlState => ({
  changes: {},
  tab: "train",
  ...noPlace,
  others: [],
  ...parts,
});

describe("the page's address", () => {
  it("writes preset, seed and differences under the knobs' own names", () => {
    const changes = { preset: "needle", seed: 7, learningRate: 2e-4, zoom: false, objects: 6 };
    expect(writeUrl(state({ changes: differences(changes) }))).toBe("?preset=needle&seed=7&objects=6&zoom=false");
  });

  it("reads back what it wrote", () => {
    const written = state({
      changes: { preset: "story", seed: 3, temperature: 0.85, bonus: "none" },
      tab: "step",
      rollout: "34·2·5",
      run: "story, bonus none, seed 3 (2)",
      others: [["trace", ""]],
    });
    const address = writeUrl(written);
    expect(address).toContain("rollout=34.2.5");
    expect(readUrl(address)).toEqual({ state: written, messages: [] });
  });

  it("names runs whose curves are drawn as well, each once", () => {
    const written = state({ overlay: ["needle, seed 1", "a&b=c"] });
    expect(writeUrl(written)).toBe("?preset=needle&overlay=needle%2C+seed+1&overlay=a%26b%3Dc");
    expect(readUrl(writeUrl(written)).state.overlay).toEqual(written.overlay);
    expect(readUrl("?overlay=a&overlay=a").state.overlay).toEqual(["a"]);
    expect(readUrl("?overlay=").messages).toEqual([
      "In the address: overlay must name a run that is stored in this browser, found nothing",
    ]);
    const many = readUrl(`?${Array.from({ length: 102 }, (_, i) => `overlay=${i}`).join("&")}`);
    expect(many.state.overlay).toHaveLength(100);
    expect(many.messages[0]).toContain("overlay may name 100 runs");
  });

  it("names panels that were opened and folded", () => {
    const written = state({ panels: { formula: true, reward: false } });
    expect(writeUrl(written)).toBe("?preset=needle&panels=formula.-reward");
    expect(readUrl("?panels=formula.-reward").state).toEqual(written);
    expect(readUrl("?panels=a.<b>").messages).toEqual([
      'In the address: panels must be names with dots between them, found "a.<b>"',
    ]);
  });

  it("keeps only the seed when it is the preset's too", () => {
    expect(differences({ preset: "story", seed: 0, glyphPx: 9, shapeMinPx: 90 })).toEqual({ preset: "story", seed: 0 });
    expect(differences({ preset: "needle", glyphPx: 8 })).toEqual({ preset: "needle", glyphPx: 8 });
  });

  it("names the nearest setting for an unknown one, keeps it in the address and loses nothing else", () => {
    const { state: read, messages } = readUrl("?preset=needle&objcts=3&seed=5&temperature=0.9");
    expect(messages).toEqual(['In the address: there is no setting "objcts"; did you mean "objects"?']);
    expect(read.changes).toEqual({ preset: "needle", seed: 5, temperature: 0.9 });
    expect(writeUrl(read)).toBe("?preset=needle&seed=5&temperature=0.9&objcts=3");
  });

  it("explains a bad value and keeps the rest", () => {
    const { state: read, messages } = readUrl("?seed=-1&steps=ten&objects=5");
    expect(read.changes).toEqual({ objects: 5 });
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain("seed must lie between 0 and 4294967295, found -1");
    expect(messages[1]).toContain('steps must be a number from 1 to 1000000, found "ten"');
  });

  it("names the nearest preset and tab", () => {
    const { state: read, messages } = readUrl("?preset=storry&tab=steps&seed=2");
    expect(messages).toEqual([
      'In the address: there is no preset "storry"; did you mean "story"?',
      'In the address: there is no tab "steps"; did you mean "step"?',
    ]);
    expect(read).toEqual(state({ changes: { seed: 2 } }));
  });

  it("drops sizes that contradict each other, with a sentence", () => {
    const { state: read, messages } = readUrl("?shapeMinPx=100&shapeMaxPx=50&seed=1");
    expect(read.changes).toEqual({ seed: 1 });
    expect(messages[0]).toContain("shapeMaxPx (50) must be at least shapeMinPx (100)");
  });

  it.each([
    ["hopsMin=4&hopsMax=2", "hopsMax (2) must be at least hopsMin (4); the preset's are used"],
    ["preset=hunt&shapeMinPx=400", "shapeMaxPx (340) must be at least shapeMinPx (400); the preset's are used"],
    [
      "worlds=hunts",
      'worlds must be out of needle, hunt, relate, count, read, order, separated by commas, found "hunts"',
    ],
    ["worlds=", 'separated by commas, found ""'],
    ["worlds=hunt,read,hunt", 'each once, found "hunt" twice'],
    ["resampledCalls=1", "resampledCalls must be 0 (none) or at least 2"],
    ["clipRatioC=0.5", "clipRatioC must be 0 (none) or at least 1"],
    ["hopsMin=4&hopsMax=2&shapeMinPx=100&shapeMaxPx=50&loss=gspo", "hopsMax (2) must be at least hopsMin (4)"],
  ])("what cannot be run is left out of ?%s, so that the page opens", (search, sentence) => {
    const { state: read, messages } = readUrl(`?${search}&seed=1`);
    expect(messages.join("\n")).toContain(sentence);
    expect(() => resolveConfig(read.changes)).not.toThrow();
    expect(read.changes.seed).toBe(1);
  });

  it("does not take the name of an object's own property for a setting or preset", () => {
    expect(readUrl("?toString=1").messages[0]).toContain('no setting "toString"');
    expect(readUrl("?preset=constructor").messages[0]).toContain('no preset "constructor"');
  });

  it("keeps rules chosen beside a judge's address, which would choose another judge", () => {
    const changes = { preset: "needle", seed: 1, judge: "rules" as const, judgeUrl: "http://127.0.0.1:1/v1" };
    expect(differences(changes)).toEqual(changes);
    expect(differences({ preset: "needle", seed: 1, judge: "rules" })).toEqual({ preset: "needle", seed: 1 });
  });

  it("takes no secret within a judge's address", () => {
    const { state: read, messages } = readUrl("?judgeUrl=http%3A%2F%2Fuser%3Asecret%40host%2Fv1");
    expect(read.changes).toEqual({});
    expect(messages[0]).toMatch(/holds no name, password, query or fragment/);
    expect(messages[0]).not.toContain("secret");
  });
});
