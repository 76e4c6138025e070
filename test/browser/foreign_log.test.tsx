import { render } from "preact";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { page } from "vitest/browser";
import "../../src/app/web/style.css";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { readEventsFile } from "../../src/app/web/browser/events_file.ts";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { fetchRecording, recordings } from "../../src/app/web/run/recordings.ts";
import type { DataWorker } from "../../src/app/web/worker/data_worker.ts";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import type { GivenFile } from "../../src/app/worker_api/dropped_folder.ts";
import { scenePictures } from "../../src/tasks/sources/scenes.ts";
import { resolveConfig } from "../../src/train/config.ts";
import type { TrainEvent } from "../../src/train/events.ts";
import { fakeDataFiles } from "../support/fake_data.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { fakeObjects } from "../support/fake_scene.ts";
import { mutatedLogs } from "../support/mutations.ts";

let fetches: string;
let types: string;
let host: HTMLElement;
beforeAll(async () => {
  const handed = async (name: string): Promise<string> =>
    (await fetch(new URL(`../golden/faults/hostile/${name}`, import.meta.url))).text();
  fetches = await handed("events-import-fetches.jsonl");
  types = await handed("events-blank-view-types.jsonl");
});
const thrown: string[] = [];
const onError = ({ message }: ErrorEvent): void => {
  if (!message.startsWith("ResizeObserver")) thrown.push(message);
};
beforeEach(async () => {
  await page.viewport(1280, 900);
  host = document.createElement("div");
  document.body.append(host);
  thrown.length = 0;
  addEventListener("error", onError);
});
afterEach(() => {
  render(null, host);
  host.remove();
  removeEventListener("error", onError);
  vi.restoreAllMocks();
});

/** A page that records what its worker is asked to look up. */
function openPage() {
  const fake = new FakeRun();
  const asked: string[] = [];
  fake.pictures = async (task, config) => {
    asked.push(`pictures ${config.data} ${config.model}`);
    return config.data ? Promise.reject(new Error("not here")) : scenePictures(task.id, config);
  };
  fake.texts = async (tokens, model) => {
    asked.push(`texts ${model}`);
    return tokens.map((token) => (token === 470 ? "<|image_pad|>" : `t${token}`));
  };
  const context = makePage(fake);
  context.store.gpuProblem.value = "There is none";
  render(<Page page={context} />, host);
  return { context, asked };
}

const openText = (context: ReturnType<typeof makePage>, text: string) =>
  context.control.openFile(new File([text], "events.jsonl"));
/** What was fetched but for the recording of the start page. */
const addresses = (fetched: { mock: { calls: Parameters<typeof fetch>[] } }): string[] =>
  fetched.mock.calls
    .map(([input]) => (input instanceof Request ? input.url : String(input)))
    .filter((address) => !address.endsWith("recorded/intro.json"));
const settled = async (ms = 30): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};
const main = (): string => host.querySelector("main")!.textContent!;

describe("a log that names addresses", () => {
  test("fetches nothing before a person agreed, and then what was listed", async () => {
    const { context, asked } = openPage();
    const fetched = vi.spyOn(globalThis, "fetch");
    await openText(context, fetches);
    context.store.tab.value = "step";
    await settled(400);
    context.store.tab.value = "train";
    await settled(400);
    expect(asked).toEqual([]);
    expect(addresses(fetched)).toEqual([]);
    const panel = page.getByRole("region", { name: "Addresses in this log" });
    await expect.element(panel).toBeVisible();
    expect([...host.querySelectorAll(".needs .addresses li")].map((item) => item.textContent)).toEqual([
      "http://127.0.0.1:18971/importedmodel/tokenizer.json",
      "http://127.0.0.1:18971/importedmodel/…",
      "http://127.0.0.1:18971/imported.parquet",
    ]);
    await expect.element(page.getByText("The picture is at an address that has not been agreed to.")).toBeVisible();
    // Tokens are shown by their ids meanwhile.
    context.store.tab.value = "step";
    await expect.element(page.getByText("‹478›", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "Fetch from these 3 addresses" }).click();
    await settled(400);
    expect(asked).toContain("texts http://127.0.0.1:18971/importedmodel");
    expect(asked).toContain("pictures http://127.0.0.1:18971/imported.parquet http://127.0.0.1:18971/importedmodel");
    await expect.element(panel).not.toBeInTheDocument();
  });

  test("is looked at without them where a person says so", async () => {
    const { context, asked } = openPage();
    await openText(context, fetches);
    await page.getByRole("button", { name: "Go without" }).click();
    await settled(300);
    expect(asked).toEqual([]);
    expect(host.querySelector(".needs .addresses")).toBeNull();
  });

  test.each([
    ["a data set of the Hub", { data: "owner/name@main" }],
    ["a list of which one part is wrong", { data: "https://elsewhere.invalid/a.parquet, hf://datasets/owner" }],
    ["an address without its scheme", { model: "//elsewhere.invalid/model" }],
    ["a path out of the page's folder", { model: "../../model", data: "../../a.parquet" }],
    ["a model on the Hub", { model: "owner/name@main" }],
    ["an address with capitals", { data: "HTTPS://elsewhere.invalid/a.parquet" }],
    ["an address behind a dropped file", { data: "dropped/a.parquet,https://elsewhere.invalid/b.parquet" }],
    ["a path that looks like a model made here", { model: "trained-here/../../x" }],
  ])("however it is written: %s", async (_, changes) => {
    const { context, asked } = openPage();
    const fetched = vi.spyOn(globalThis, "fetch");
    const [head, ...rest] = types.split("\n");
    const event = JSON.parse(head!);
    await openText(
      context,
      [JSON.stringify({ ...event, config: { ...event.config, ...changes } }), ...rest].join("\n"),
    );
    expect(context.store.replay.value).not.toBeNull();
    for (const tab of ["train", "step"] as const) {
      context.store.tab.value = tab;
      await settled(350);
    }
    expect(addresses(fetched)).toEqual([]);
    expect(asked.filter((what) => !/^(texts needle|pictures {2}(needle)?)$/.test(what))).toEqual([]);
    expect(main().length).toBeGreaterThan(200);
  });
});

test("a path that is not beside the page is asked of nobody", async () => {
  const platform = openBrowserPlatform(new URL("/folder/", location.href).href);
  const fetched = vi.spyOn(globalThis, "fetch");
  for (const path of ["//elsewhere.invalid/a/tokenizer.json", "../tokenizer.json", "/tokenizer.json", "a/../../b"])
    expect(await platform.assetSize(path), path).toBeNull();
  expect(addresses(fetched)).toEqual([]);
});

describe("a log of the command line, whose data are local files", () => {
  const rows = [0, 4, 9];
  const question = (row: number): string => {
    const [target] = fakeObjects(row, 4);
    return `What digit is on the ${target!.colour} ${target!.shape}?`;
  };
  /** A log whose tasks are rows of scenes/list.jsonl. */
  const localLog = (changes: object = {}): string => {
    const events = fakeEvents(resolveConfig({ seed: 7, steps: 1, tasksPerStep: 3, rolloutsPerTask: 2 }));
    const lines = [...events].map((event) => {
      if (event.type === "run")
        return { ...event, config: { ...event.config, data: "/home/somebody/scenes/list.jsonl", ...changes } };
      if (event.type !== "tasks") return event;
      return {
        ...event,
        tasks: event.tasks.map((task, i) => ({
          ...task,
          id: `list.jsonl/${rows[i]}`,
          question: question(rows[i]!),
          answer: fakeObjects(rows[i]!, 4)[0]!.digit,
        })),
      };
    });
    return lines.map((event) => JSON.stringify(event)).join("\n");
  };
  const openLocal = async (log: string) => {
    const dropped = new DroppedFiles();
    const fake = new FakeRun({ dropped });
    const data = fake.data as DataWorker;
    fake.pictures = (task, config) => data.pictures(task, config);
    const context = makePage(fake);
    context.store.gpuProblem.value = "There is none";
    render(<Page page={context} />, host);
    await openText(context, log);
    return context;
  };
  const drop = (files: readonly GivenFile[]) => {
    const dataTransfer = new DataTransfer();
    for (const { file } of files) dataTransfer.items.add(file);
    host.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  };
  const source = () => page.getByRole("img", { name: /^Original picture/ });

  test("says which, shows all else, and takes the same files", async () => {
    const context = await openLocal(localLog());
    const panel = page.getByRole("region", { name: "Local files of this run" });
    await expect
      .element(panel)
      .toHaveTextContent(
        "This run’s pictures are in a local file: drop list.jsonl, with the pictures beside it, here.",
      );
    await expect.element(page.getByText("The picture is in a local file: list.jsonl.")).toBeVisible();
    await expect.element(page.getByRole("img", { name: /^accuracy over steps, 1 points/ })).toBeVisible();
    const given = await fakeDataFiles();
    // Another file first: it is refused, and nothing of it is shown.
    const other = given.filter(({ path }) => path.endsWith("chart.parquet"));
    await context.replayFiles.offer(other);
    await expect.element(panel).toHaveTextContent("what was dropped holds chart.parquet; drop list.jsonl as well");
    await expect.element(source()).not.toBeInTheDocument();
    await context.replayFiles.offer(given.filter(({ path }) => path.startsWith("scenes/")));
    await expect.element(panel).not.toBeInTheDocument();
    await expect.element(source()).toBeVisible();
    context.store.tab.value = "step";
    await expect.element(source()).toBeVisible();
  });

  test("refuses a file of the name whose rows are others, dropped on the page", async () => {
    const context = await openLocal(localLog());
    const text = Array.from({ length: 12 }, (_, i) =>
      JSON.stringify({ image: "a.png", question: `Other ${i}?`, answer: "1" }),
    );
    drop([{ path: "list.jsonl", file: new File([text.join("\n")], "list.jsonl") }]);
    await expect
      .element(
        page.getByText(/^Row 0 of the dropped list\.jsonl is another one than the run has seen: it asks “Other 0\?”/),
      )
      .toBeVisible();
    expect(context.store.tab.value).toBe("train");
    expect(context.store.lookup.value!.pictures).toBeNull();
  });

  test("files that were dropped before are compared as well, whatever they are named", async () => {
    const context = await openLocal(localLog({ data: "dropped/scenes" }));
    const scenes = (await fakeDataFiles()).filter(({ path }) => path.startsWith("scenes/"));
    context.control.replay.close();
    await context.givenFiles.take(scenes);
    await openText(context, localLog({ data: "dropped/scenes" }));
    await expect.element(source()).toBeVisible();
    await openText(context, localLog({ data: "dropped/scenes" }).replaceAll(question(4), "Which?"));
    await expect.element(page.getByText(/^Row 4 of the dropped list\.jsonl is another one/)).toBeVisible();
    await expect.element(source()).not.toBeInTheDocument();
  });

  test("shows tokens by their ids until the model’s folder is there", async () => {
    const context = await openLocal(localLog({ data: "", model: "models/first" }));
    context.store.tab.value = "step";
    await expect
      .element(page.getByText(/^Tokens are shown by their ids\. Their texts are in the local model first\./))
      .toBeVisible();
    await expect.element(page.getByText("▦ image, 16 tokens").first()).toBeVisible();
    const model = (name: string) => ({ path: `first/${name}`, file: new File(['{"model_type":"qwen3_vl"}'], name) });
    await context.replayFiles.offer([model("config.json"), model("tokenizer.json"), model("preprocessor_config.json")]);
    await expect.element(page.getByText("Zoom", { exact: true }).first()).toBeVisible();
    await expect.element(page.getByText(/^Tokens are shown by their ids/)).not.toBeInTheDocument();
  });
});

test("a log of other types shows its curves and tokens, and says what was left out", async () => {
  const { context } = openPage();
  await openText(context, types);
  await expect.element(page.getByText(/^Left out of events\.jsonl, .*tasks\[0\]\.answer: expected text/)).toBeVisible();
  expect(page.getByRole("img", { name: /^accuracy over steps, 2 points/ }).elements()).toHaveLength(1);
  context.store.tab.value = "step";
  await expect.element(page.getByText("(left out) · expected (left out)")).toBeVisible();
  expect(thrown).toEqual([]);
});

test("a view that breaks says so, keeps the page, and leads back", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { context } = openPage();
  const events = [...fakeEvents(resolveConfig({ seed: 7, steps: 2, tasksPerStep: 1, rolloutsPerTask: 2 }))];
  const { events: read } = readEventsFile("x", events.map((event) => JSON.stringify(event)).join("\n"));
  const group = read.findLast((event) => event.type === "group")! as Extract<TrainEvent, { type: "group" }>;
  // It has passed the schema, and breaks when a view looks at it.
  const [rollout] = group.rollouts;
  let broken = true;
  const { segments } = rollout!;
  Object.defineProperty(rollout, "segments", {
    get: () => {
      if (broken) throw new TypeError("segments went away");
      return segments;
    },
  });
  const unread = { unreadKnobs: new Set<never>() };
  context.control.replay.open({ name: "x", link: "file:x", about: null, origin: "file", ...unread }, read);
  context.store.pinned.value = rollout!.id;
  context.store.tab.value = "step";
  const failed = page.getByRole("alert").filter({ hasText: "This rollout cannot be shown" });
  await expect.element(failed).toBeVisible();
  await expect.element(failed).toHaveTextContent("segments went away");
  // The header is still there, and so are other views.
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await expect.element(page.getByRole("img", { name: /^accuracy over steps/ })).toBeVisible();
  await page.getByRole("button", { name: "Step through", exact: true }).click();
  await expect.element(failed).toBeVisible();
  broken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.element(page.getByText(/^token \d+ of/)).toBeVisible();
  broken = true;
  context.store.tab.value = "train";
  await settled(50);
  context.store.tab.value = "step";
  await expect.element(failed).toBeVisible();
  await page.getByRole("button", { name: "Close the run" }).click();
  expect(context.store.replay.value).toBeNull();
  await expect.element(page.getByText("Runs in this browser")).toBeVisible();
});

test("what is far too large is shown in part: texts, tokens, tasks, calls and numbers", async () => {
  const { context } = openPage();
  const [head, tasks, , , group, update] = types.split("\n").map((line) => line && JSON.parse(line));
  const long = "<b>".repeat(1_000_000);
  const task = { ...tasks.tasks[0], answer: long, question: long };
  const rollout = { ...group.rollouts[1], answer: long };
  rollout.reward = {
    ...rollout.reward,
    verdict: long,
    parts: Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`part ${i}`, 1e308])),
  };
  rollout.segments[3].tokens = new Array(200_000).fill(470).map((token, i) => token + (i % 7));
  rollout.segments[3].logprobs = rollout.segments[3].entropies = new Array(200_000).fill(-1e308);
  rollout.calls = new Array(9000).fill({ ...rollout.calls[0], outcome: "bad_box", message: long.slice(0, 300) });
  const log = [
    head,
    { ...tasks, tasks: [task, ...new Array(5000).fill(tasks.tasks[0])] },
    { ...group, rollouts: [rollout] },
    { ...update, metrics: { accuracy: 1e308, reward: -1e308, iou: 1e30 } },
    { ...update, step: 999_999_999 },
    { ...update, step: 2 },
  ];
  const before = performance.now();
  await openText(context, log.map((event) => JSON.stringify(event)).join("\n"));
  for (const tab of ["train", "step", "runs", "train"] as const) {
    context.store.tab.value = tab;
    await settled(200);
    expect(main().length).toBeGreaterThan(100);
    expect(main().length).toBeLessThan(2_000_000);
  }
  context.store.tab.value = "step";
  await settled(200);
  expect(host.querySelectorAll(".tok").length).toBeLessThan(5000);
  expect(performance.now() - before).toBeLessThan(60_000);
  expect(thrown).toEqual([]);
});

describe("a real log with one value changed", () => {
  test.each([1, 2, 3])("shows something, throws nothing and fetches nothing (seed %i)", async (seed) => {
    const whole = (await fetchRecording(recordings[0]!)).split("\n");
    // The first step with its rollouts, fewer tasks of it, and one event of each other kind.
    const second = whole.findIndex((line, i) => i > 0 && line.startsWith('{"type":"update"'));
    const lines = whole
      .slice(0, second + 1)
      .filter((line) => !/"type":"(group|rolled)"/.test(line) || /"taskIndex":[01],/.test(line));
    lines.push(
      '{"type":"config","step":1,"changes":{"temperature":0.5}}',
      '{"type":"eval","step":1,"tasks":16,"greedy":true,"metrics":{"accuracy":0.5},"durationMs":5}',
      '{"type":"alarm","step":1,"message":"look"}',
      '{"type":"checkpoint","step":1,"path":"a"}',
      '{"type":"end","step":1,"reason":"failed","message":"why"}',
    );
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const { context, asked } = openPage();
    const fetched = vi.spyOn(globalThis, "fetch");
    const { store } = context;
    let shown = 0;
    for (const { what, log } of mutatedLogs(lines, seed, 25)) {
      asked.length = 0;
      await openText(context, log);
      if (store.replay.value === null) {
        // Only a head that is none refuses the whole, and says so.
        expect(store.notices.list.value.length, what).toBeGreaterThan(0);
        expect(what).toMatch(/^line 1, /);
      } else {
        shown++;
        for (const tab of ["train", "step"] as const) {
          store.tab.value = tab;
          await settled(4);
          // Texts of tokens come from the worker.
          for (let waited = 0; waited < 50 && main().startsWith("reading"); waited++) await settled(10);
          expect(main().length, `${what}, ${tab}`).toBeGreaterThan(100);
          expect(host.querySelector(".failed")?.textContent, `${what}, ${tab}`).toBeUndefined();
        }
        context.control.replay.seek(0);
        await settled(2);
      }
      expect(thrown, what).toEqual([]);
      expect(host.querySelector("img"), what).toBeNull();
      const foreign = asked.filter((line) => !/^(texts needle|pictures {2}(needle)?)$/.test(line));
      expect(foreign, what).toEqual([]);
      context.control.replay.close();
      for (const { id } of store.notices.list.value) store.notices.dismiss(id);
    }
    expect(addresses(fetched)).toEqual([]);
    expect(errors).not.toHaveBeenCalled();
    expect(shown).toBeGreaterThan(15);
  });
});
