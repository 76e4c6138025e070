import { expect, test } from "vitest";
import { withCard } from "../../../src/app/model_card/card_of_run.ts";
import { resolveConfig } from "../../../src/train/config.ts";
import type { TrainEvent } from "../../../src/train/events.ts";
import type { RunConfig } from "../../../src/train/knobs.ts";
import { linesOf, loggedEvents } from "../../support/logged_run.ts";

const decode = (bytes?: Uint8Array): string => new TextDecoder().decode(bytes);

async function card(
  changes: Partial<RunConfig>,
  more: { log?: string; base?: string; adapter?: boolean; run?: string } = {},
) {
  const config = resolveConfig({ steps: 20, ...changes });
  const { log = "", base, adapter = false, run = "first" } = more;
  const files = await withCard({
    run,
    step: 20,
    config,
    log,
    files: [{ name: adapter ? "adapter_config.json" : "model.safetensors", bytes: new Uint8Array() }],
    readBase: async (name) => (name === "README.md" && base !== undefined ? new TextEncoder().encode(base) : null),
  });
  return {
    text: decode(files.find(({ name }) => name === "README.md")?.bytes),
    names: files.map(({ name }) => name),
    svg: decode(files.find(({ name }) => name === "curve.svg")?.bytes),
  };
}

const steps: TrainEvent[] = Array.from({ length: 20 }, (_, i) => ({
  type: "update",
  step: i + 1,
  metrics: { accuracy: i < 10 ? 0.25 : 0.75, zoom_rate: 0.5, reward: 1 },
  durationMs: 1,
  rollMs: 1,
  updateMs: 0,
}));
const evaluations: TrainEvent[] = [0, 20].map((step) => ({
  type: "eval",
  step,
  tasks: 64,
  greedy: false,
  metrics: { accuracy: step === 0 ? 0.125 : 0.875, zoom_rate: 0.5 },
  durationMs: 1,
}));
const log = linesOf([loggedEvents[0]!, evaluations[0]!, ...steps, evaluations[1]!]).join("\n");

test("data, settings, curve, evaluation, command and licence", async () => {
  const { text, names, svg } = await card({ learningRate: 3e-5 }, { log });
  expect(names).toEqual(["model.safetensors", "README.md", "curve.svg"]);
  expect(text).toMatch(
    /^---\nlicense: apache-2\.0\nlibrary_name: transformers\npipeline_tag: image-text-to-text\ntags:\n/,
  );
  expect(text).toContain("| accuracy | 0.250 | 0.750 |");
  expect(text).toContain(
    "| held-out tasks, sampled (64 tasks) | step 0 | step 20 |\n|---|---|---|\n| accuracy | 0.125 | 0.875 |",
  );
  expect(text).toContain("| learningRate | `0.00003` |");
  expect(text).toContain("npm run saccade -- train \\\n    --preset needle \\\n    --steps=20");
  expect(text).toContain("![Accuracy, zoom rate");
  expect(svg).toMatch(/^<svg [^>]*aria-label="accuracy, zoom rate, held-out accuracy over 20 steps">/);
  expect(svg.match(/<polyline /g)).toHaveLength(3);
});

test("a base on the Hub is named with its licence, and where files lie on this machine is not", async () => {
  const changes = {
    model: "Qwen/Qwen2.5-VL-3B-Instruct@main",
    data: "/home/someone/secret place/vstar.parquet,hf://datasets/owner/rows@main/a.parquet,https://h.example/b.jsonl?token=hush",
    judgeUrl: "http://10.0.0.7:8000/v1",
    loraRank: 8,
  };
  const { text } = await card(changes, { base: "---\nlicense: other-licence\n---\n# Qwen", adapter: true, log });
  expect(text).toContain("license: other-licence\nlibrary_name: peft");
  expect(text).toContain(
    "base_model: Qwen/Qwen2.5-VL-3B-Instruct\nbase_model_relation: adapter\ndatasets:\n- owner/rows\n",
  );
  expect(text).toContain("- `vstar.parquet`");
  expect(text).not.toMatch(/someone|secret place|hush|10\.0\.0\.7/);
});

test("without a log it says so; a licence that is not known is not made up", async () => {
  const { text, names } = await card({ model: "./mine" });
  expect(names).toEqual(["model.safetensors", "README.md"]);
  expect(text).toContain("license: other\nlicense_name: see-base-model");
  expect(text).toContain("The log of the run was not there");
  const odd = await card(
    { model: "./mine" },
    { base: "---\nlicense: [x]\n---\n", run: "a\n# b [x](http://e.example) `c`" },
  );
  expect(odd.text).toContain("license: other");
  expect(odd.text).toContain("# a # b \\[x\\](http://e.example) \\`c\\`, step 20");
});
