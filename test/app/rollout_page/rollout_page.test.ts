import { describe, expect, test } from "vitest";
import type { Rollout } from "../../../src/agent/rollout.ts";
import { html } from "../../../src/app/rollout_page/markup.ts";
import { PictureWriter } from "../../../src/app/rollout_page/page_pictures.ts";
import { type PageRollout, rolloutPage } from "../../../src/app/rollout_page/rollout_page.ts";
import { decodePixels } from "../../../src/image/decode.ts";
import type { Pixels } from "../../../src/image/pixels.ts";
import type { Task } from "../../../src/tasks/task.ts";

const view = { factor: 16, minPixels: 1024, maxPixels: 1024 };
const nasty = `</style><script>alert("1")</script><img src=x onerror='y'>&amp;`;

const rollout = (parts: Partial<Rollout> = {}): Rollout => ({
  id: "12·3·2",
  step: 12,
  taskIndex: 3,
  rolloutIndex: 2,
  task: "t",
  segments: [
    { source: "prompt", tokens: [1, 9, 9, 9, 9, 2], logprobs: [], entropies: [], images: [0] },
    { source: "model", tokens: [3, 4], logprobs: [Math.log(0.25), 0], entropies: [1.5, 0], images: [] },
    { source: "tool", tokens: [9, 9, 9, 9], logprobs: [], entropies: [], images: [1] },
    { source: "model", tokens: [5], logprobs: [Math.log(0.5)], entropies: [0.25], images: [] },
  ],
  calls: [
    { segment: 1, name: "image_zoom_in_tool", outcome: "ok", boxSourcePx: [16, 8, 48, 40], imageIndex: 0, iou: 0.5 },
  ],
  end: "answer",
  answer: nasty,
  reward: { parts: { answer: 0.8, zoom: 1.2 }, total: 2, right: true, verdict: "exact" },
  advantage: -0.35,
  ...parts,
});
const task: Task = {
  id: "t",
  question: nasty,
  answer: "2\u202e3",
  goldBoxSourcePx: [20, 10, 40, 30],
} as Task;
const texts: Record<number, string> = { 1: "user\n", 2: nasty, 3: "<tool_call>", 4: "}\t", 5: "2", 9: "<|image_pad|>" };
const textOf = (token: number): string => texts[token]!;

const picture: Pixels = {
  width: 64,
  height: 48,
  data: Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * 7) % 256),
};
const writer = new PictureWriter(view, { crop: "source" });
const shown = async (parts: Partial<PageRollout> = {}): Promise<PageRollout> => ({
  rollout: rollout(),
  task,
  pictures: await writer.of(parts.rollout ?? rollout(), [picture], null),
  textOf,
  parent: null,
  change: null,
  ...parts,
});

describe("a rollout as a file", () => {
  test("shows pictures, boxes, colours, probabilities and the reward", async () => {
    const text = rolloutPage({ title: "Step 12", facts: [["run", "mine"]] }, [await shown()]);
    expect(text.match(/url\("data:image\/png;base64,[A-Za-z0-9+/=]+"\)/g)).toHaveLength(3);
    expect(text).toContain('style="left: 25.00%; top: 16.67%; width: 50.00%; height: 66.67%"><b>1 · IoU 0.50</b>');
    expect(text).toContain('class="box gold" style="left: 31.25%; top: 20.83%; width: 31.25%; height: 41.67%"');
    expect(text).toContain('style="--p: 0.75" title="p = 0.2500 · entropy 1.500 nats · id 3">&lt;tool_call&gt;</span>');
    expect(text).toContain("<td>0.2500</td><td>−1.3863</td><td>1.5000</td>");
    expect(text).toMatch(/<th scope="row">advantage<\/th><td>−0\.35<\/td>/);
    expect(text.match(/aria-label="image, 4 tokens, \d+ × \d+ pixels, as the model got it"/g)).toHaveLength(2);
    // The picture's bytes are the picture.
    const file = /url\("data:image\/png;base64,([^"]+)"\)/.exec(text)![1]!;
    const decoded = await decodePixels(Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0)));
    expect(decoded).toMatchObject({ width: 64, height: 48, data: picture.data });
  });

  test("has no script, no address and a policy that forbids both, whatever texts say", async () => {
    const hostile = rollout({
      id: `1·0·0"><script>`,
      error: nasty,
      calls: [{ segment: 1, name: nasty, outcome: nasty, message: nasty, boxSourcePx: [Number.NaN, -9, 1e9, 5] }],
      reward: { parts: { [nasty]: 1 }, total: 1, right: false, verdict: nasty },
    });
    const text = rolloutPage({ title: nasty, facts: [[nasty, nasty]] }, [
      await shown({ rollout: hostile, change: nasty, parent: nasty }),
      await shown({ rollout: rollout({ end: "error", error: nasty, answer: null }) }),
    ]);
    expect(text).toContain(
      `content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
    const tags = [...text.matchAll(/<\/?([a-z][\w-]*)/gi)].map(([, tag]) => tag!);
    expect(
      [...new Set(tags)].filter((tag) => ["script", "img", "iframe", "link", "object", "base"].includes(tag)),
    ).toEqual([]);
    expect(text.match(/<\/style>/g)).toHaveLength(1);
    expect(text).not.toMatch(/\son\w+=['"]/);
    expect(text).not.toMatch(/https?:/);
    expect(text).toContain("2&lt;U+202E&gt;3");
  });

  test("a tree stands in its order, with links, and shares its pictures", async () => {
    const branch = async (id: string, parent: string) =>
      shown({ rollout: rollout({ id }), parent, change: "token 7: “9” in place of “2”" });
    const text = rolloutPage({ title: "Tree", facts: [] }, [
      await branch("12·3·2~3", "12·3·2~1"),
      await shown(),
      await branch("12·3·2~1", "12·3·2"),
      await branch("12·3·2~2", "12·3·2"),
      await branch("9·9·9~1", "gone"),
      await branch("circle·1", "circle·2"),
      await branch("circle·2", "circle·1"),
    ]);
    const sections = [...text.matchAll(/<section id="([^"]+)" style="margin-left: ([\d.]+)em"/g)];
    expect(sections.map(([, id, indent]) => [id, Number(indent)])).toEqual([
      ["r12.3.2", 0],
      ["r12.3.2.1", 1.5],
      ["r12.3.2.3", 3],
      ["r12.3.2.2", 1.5],
      ["r9.9.9.1", 0],
      ["rcircle.1", 0],
      ["rcircle.2", 1.5],
    ]);
    for (const [, id] of sections) expect(text).toContain(`href="#${id}"`);
    expect(text.match(/url\("data:/g)).toHaveLength(3);
  });

  test("marks what a person put into a branch", async () => {
    const grey: Pixels = { width: 32, height: 32, data: new Uint8Array(32 * 32 * 3).fill(128) };
    const [prompt, model, ...others] = rollout().segments;
    const branch = rollout({
      id: "12·3·2~1",
      segments: [prompt!, { ...model!, given: [[0, 1]] }, ...others],
      calls: [{ ...rollout().calls[0]!, replaced: { kind: "whole", picture: grey, boxSourcePx: [0, 0, 64, 48] } }],
    });
    const text = rolloutPage({ title: "x", facts: [] }, [
      await shown({ rollout: branch, parent: "12·3·2", change: "Branch 1: given the whole picture" }),
    ]);
    expect(text).toContain('<span class="t given" title="written by a person, not sampled · id 3">');
    expect(text).toContain("its result was replaced by a person: the whole picture");
    expect(text).toContain('style="left: 0.00%; top: 0.00%; width: 100.00%; height: 100.00%"><b>1</b>');
    expect(text).toContain("<h2>Branch 1: given the whole picture</h2>");
  });

  test("says what is missing, and is complete without it", async () => {
    const none = await writer.of(rollout(), null, "The picture is in a local file: a.parquet");
    const text = rolloutPage({ title: "x", facts: [] }, [await shown({ pictures: none })]);
    expect(text).toContain("The picture is in a local file: a.parquet.");
    expect(text).toContain("[image, 4 tokens]");
    const calls = [{ segment: 1, name: "other_tool", outcome: "ok" }];
    const unknown = await writer.of(rollout({ calls }), [picture], null);
    expect(unknown.inputs).toHaveLength(1);
    expect(unknown.missing).toBe("What the model saw cannot be made again: call 1: the tool other_tool is not loaded");
  });
});

test("only markup is not escaped", () => {
  expect(html`<b title="${`"'<`}">${html`<i>${1}</i>`}${["&", html`<br>`]}${null}${false}</b>`.html).toBe(
    '<b title="&quot;&#39;&lt;"><i>1</i>&amp;<br></b>',
  );
});
