import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun } from "../support/fake_run.ts";
import { type JudgeServerState, judgeFetch, judgePage } from "../support/judge_fetch.ts";
import { soon } from "../support/soon.ts";
import { wordedEvents } from "../support/worded_run.ts";

const address = "http://127.0.0.1:18901/v1";
let host: HTMLElement;
beforeEach(async () => {
  await page.viewport(1280, 900);
  localStorage.removeItem("saccade.judge-keys");
  host = document.createElement("div");
  document.body.append(host);
});
afterEach(() => {
  render(null, host);
  host.remove();
  localStorage.removeItem("saccade.judge-keys");
});

/** The page, its judge's server in a state that can be changed, and what that server was asked. */
function open(first: JudgeServerState = "ready", changes: Record<string, unknown> = {}) {
  const server = { state: first };
  const asked: Request[] = [];
  const state = () => server.state;
  const fake = new FakeRun({ judge: { fetch: judgeFetch(state, asked), page: judgePage(state) } });
  fake.store("worded", wordedEvents(resolveConfig({ seed: 3, steps: 5, tasksPerStep: 4, rolloutsPerTask: 4 })));
  const context = makePage(fake);
  context.store.gpuProblem.value = "There is none";
  context.store.changes.value = { preset: "needle", seed: 1, judge: "hardened", judgeUrl: address, ...changes };
  render(<Page page={context} />, host);
  return { context, server, asked, fake };
}

const testConnection = () => page.getByRole("button", { name: "Test connection" }).click();

describe("the judge's card", () => {
  test("is closed for rules, and opens with the choice of a judge", async () => {
    const { context } = open("ready", { judge: undefined, judgeUrl: undefined });
    await expect.element(page.getByText("rules, no network")).toBeVisible();
    expect(page.getByRole("button", { name: "Test connection" }).elements()).toHaveLength(0);
    await page.getByText("rules, no network").click();
    await page.getByLabelText("who decides").selectOptions("verl");
    await expect.element(page.getByText(/^as verl's DeepEyes recipe: CORRECT or INCORRECT/)).toBeVisible();
    await expect.element(page.getByRole("button", { name: "Test connection" })).toBeDisabled();
    await page.getByLabelText("address", { exact: true }).fill(address);
    await userEvent.tab();
    await expect.element(page.getByRole("button", { name: "Test connection" })).toBeEnabled();
    // With an address, rules have to be chosen in words
    await page.getByLabelText("who decides").selectOptions("rules");
    expect(context.store.config.value.judge).toBe("rules");
  });

  test.for([
    ["ready", "Ready", /gave a verdict in .* with qwen2\.5-72b-instruct$/],
    ["down", "No answer", /^Nothing answers at http:\/\/127\.0\.0\.1:18901\/v1/],
    ["local-network", "Local network not allowed", /^The browser keeps this page from the local network/],
    ["cors", "Blocked by CORS", /does not let this page read it \(CORS\)/],
    ["unauthorized", "Key refused (401)", /wants a key, and none was given/],
    ["no-schema", "No json_schema", /knows no json_schema/],
    ["html", "Not a judge", /^Expected JSON from the judge at .*, found a page of HTML/],
  ] as const)("tells %s apart", async ([state, title, sentence]) => {
    open(state);
    await testConnection();
    await expect.element(page.getByText(title, { exact: true })).toBeVisible();
    await expect.element(page.getByText(sentence)).toBeVisible();
    const servers = document.querySelector<HTMLDetailsElement>("details.servers")!;
    expect(servers.open).toBe(state !== "ready" && state !== "no-schema");
  });

  test("names the models that there are where another is asked for, and takes one by a press", async () => {
    const { context } = open("no-model", { judgeModel: "gpt-4" });
    await testConnection();
    await expect.element(page.getByText("No such model (404)")).toBeVisible();
    await page.getByRole("button", { name: "qwen2.5-7b-instruct" }).click();
    expect(context.store.config.value.judgeModel).toBe("qwen2.5-7b-instruct");
    await expect.element(page.getByText("· of other settings")).toBeVisible();
  });

  test("says that a judge is slow", async () => {
    open("slow");
    await testConnection();
    await expect.element(page.getByText("Slow", { exact: true }), { timeout: 15_000 }).toBeVisible();
    await expect.element(page.getByText(/takes 5\.\d s for one verdict/)).toBeVisible();
  });

  test("has the start commands of five servers, each to copy and to point at", async () => {
    const { context } = open("down");
    await testConnection();
    for (const name of ["vLLM", "SGLang", "llama.cpp", "Ollama", "LM Studio"])
      await expect.element(page.getByRole("button", { name: `Copy the start command of ${name}` })).toBeVisible();
    await page.getByRole("button", { name: "Use 127.0.0.1:11434/v1, the address of Ollama" }).click();
    expect(context.store.config.value.judgeUrl).toBe("http://127.0.0.1:11434/v1");
  });

  test("keeps a key to its origin, and out of everything that is stored or shown", async () => {
    const { context, asked } = open("unauthorized");
    const key = page.getByLabelText("key", { exact: true });
    await expect.element(key).toHaveAttribute("type", "password");
    await key.fill("right");
    await userEvent.tab();
    await testConnection();
    await expect.element(page.getByText("Ready", { exact: true })).toBeVisible();
    expect(asked.at(-1)!.headers.get("authorization")).toBe("Bearer right");
    expect(JSON.stringify(context.store.config.value)).not.toContain('right"');
    expect(localStorage.getItem("saccade.judge-keys")).toBeNull();

    context.control.setKnob("judgeUrl", "http://127.0.0.1:9999/v1");
    await expect.element(key).toHaveValue("");
    await testConnection();
    await expect.element(page.getByText(/wants a key, and none was given/)).toBeVisible();
    expect(asked.at(-1)!.headers.get("authorization")).toBeNull();
    context.control.setKnob("judgeUrl", address);
    await expect.element(key).toHaveValue("right");
  });

  test("remembers a key only where that is ticked, and forgets it again", async () => {
    const { context } = open("unauthorized");
    await page.getByLabelText("key", { exact: true }).fill("right");
    await userEvent.tab();
    const tick = page.getByRole("checkbox", { name: /remember on this device/ });
    await tick.click();
    expect(JSON.parse(localStorage.getItem("saccade.judge-keys")!)).toEqual({ "http://127.0.0.1:18901": "right" });
    const later = makePage(new FakeRun());
    later.store.changes.value = context.store.changes.value;
    expect(later.judge.key).toBe("right");
    await tick.click();
    expect(localStorage.getItem("saccade.judge-keys")).toBeNull();
  });

  test("takes no key within an address", async () => {
    const { context } = open();
    await page.getByLabelText("address", { exact: true }).fill("http://user:secret@127.0.0.1:18901/v1");
    await userEvent.tab();
    await expect.element(page.getByText(/holds no name, password, query or fragment/)).toBeVisible();
    expect(context.store.config.value.judgeUrl).toBe(address);
    expect(location.search).not.toContain("secret");
  });

  test("is audited before it is trusted", async () => {
    open();
    await page.getByRole("button", { name: "Audit", exact: true }).click();
    await expect.element(page.getByRole("table", { name: /^Error rates on answers/ })).toBeVisible();
    await expect
      .element(page.getByRole("row", { name: /^as a run judges 6 % 3 of 54 41 % 11 of 27 0$/ }))
      .toBeVisible();
    await expect
      .element(page.getByRole("row", { name: /^the model alone 13 % 7 of 54 59 % 16 of 27 0$/ }))
      .toBeVisible();
    await page.getByText("14 mistakes").click();
    await expect
      .element(page.getByText(/for “The boy in the red shirt is holding a baseball bat\.”/).first())
      .toBeVisible();
  });
});

describe("judging again", () => {
  const start = async () => {
    await page.getByRole("button", { name: "Runs", exact: true }).click();
    await page.getByRole("button", { name: "More: about the run worded" }).click();
    await page.getByRole("button", { name: "Judge again… the run worded" }).click();
    await expect.element(page.getByRole("heading", { name: "Judge again worded" })).toHaveFocus();
  };
  const verdictsBy = (who: string) => page.getByLabelText("verdicts", { exact: true }).selectOptions(who);
  const again = () => page.getByRole("button", { name: "Judge again", exact: true }).click();

  test("shows curves before and after and the verdicts that differ, and leaves the run as it is", async () => {
    const { fake } = open("ready", { judge: undefined, judgeUrl: undefined });
    const before = JSON.stringify(await fake.events("worded"));
    await start();
    await verdictsBy("rules");
    await page.getByLabelText("reward", { exact: true }).selectOptions("mini-o3");
    await again();
    await expect
      .element(page.getByText(/^Done: 5 steps, 80 rollouts, \d+ verdicts? and \d+ rewards? differ$/))
      .toBeVisible();
    await expect.element(page.getByRole("img", { name: /^accuracy, as stored over steps, 5 points/ })).toBeVisible();
    await expect.element(page.getByRole("img", { name: /^reward, rules over steps, 5 points/ })).toBeVisible();
    await expect.element(page.getByRole("row", { name: /right judge verl wrong/ }).first()).toBeVisible();
    expect(JSON.stringify(await fake.events("worded"))).toBe(before);
  });

  test("asks nobody where only the reward is another, and tells of the run's own weights", async () => {
    open("down");
    await start();
    await again();
    await expect.element(page.getByText(/^Done: 5 steps, 80 rollouts, 0 verdicts and 0 rewards differ$/)).toBeVisible();
    await page.getByLabelText("reward", { exact: true }).selectOptions("vtool-r1");
    await again();
    await expect
      .element(page.getByText(/^Done: 5 steps, 80 rollouts, 0 verdicts and [1-9]\d* rewards? differ$/))
      .toBeVisible();
    await expect
      .element(page.getByRole("img", { name: /^reward, stored verdicts over steps, 5 points/ }))
      .toBeVisible();
  });

  test("agrees where another judge reads as the first did", async () => {
    open("ready");
    await start();
    await verdictsBy("hardened");
    await again();
    await expect
      .element(page.getByText(/^Done: 5 steps, 80 rollouts, 0 verdicts and 0 rewards differ · \d+ requests/))
      .toBeVisible();
    await expect.element(page.getByText("No verdict differs.")).toBeVisible();
  });

  test("has no verdict, rather than a guess, where the judge cannot be had", async () => {
    open("unauthorized");
    await start();
    await verdictsBy("hardened");
    await again();
    await expect
      .element(
        page.getByText(/^Done: 5 steps, 80 rollouts, \d+ verdicts? and \d+ rewards? differ, \d+ without a verdict now/),
      )
      .toBeVisible();
    await expect.element(page.getByText(/^The last failure: /)).toBeVisible();
    await expect.element(page.getByRole("row", { name: /right judge verl no verdict/ }).first()).toBeVisible();
  });
});

test("the reward's card shows a follow-up's numbers and source in place of the weights", async () => {
  const { context } = open("ready", { judge: undefined, judgeUrl: undefined });
  await expect.element(page.getByLabelText("zoomed and right", { exact: true })).toBeVisible();
  await page.getByLabelText("by", { exact: true }).selectOptions("pixel-reasoner");
  expect(context.store.config.value.reward).toBe("pixel-reasoner");
  expect(page.getByLabelText("zoomed and right", { exact: true }).elements()).toHaveLength(0);
  await expect.element(page.getByText(/^TIGER-AI-Lab\/Pixel-Reasoner/)).toBeVisible();
  await expect.element(page.getByRole("row", { name: "curiosity 0.25" })).toBeVisible();
});

test("a rollout without a verdict says so, and why", async () => {
  const { context, fake } = open();
  const { events } = await fake.events("worded");
  const group = events.find((event) => event.type === "group")!;
  group.rollouts[0]!.reward = null;
  group.rollouts[1]!.reward = { parts: { answer: 1, curiosity: 0.1 }, total: 1.1, right: true, verdict: "judge verl" };
  await context.control.openStored("worded");
  context.store.pinned.value = group.rollouts[0]!.id;
  context.store.tab.value = "step";
  await expect.element(page.getByRole("row", { name: "reward no verdict" })).toBeVisible();
  await expect.element(page.getByText(/^The judge gave no verdict, and a reward of 0 would be one/)).toBeVisible();
  context.store.pinned.value = group.rollouts[1]!.id;
  await expect.element(page.getByRole("row", { name: "curiosity +0.10" })).toBeVisible();
  await expect.element(page.getByRole("row", { name: "decided by judge verl · right" })).toBeVisible();
  await expect.element(page.getByRole("row", { name: "reward 1.10" })).toBeVisible();
});

test("settings are found by a word, and come from a verl command", async () => {
  const { context } = open();
  await page.getByText("All settings").click();
  await page.getByRole("searchbox", { name: "Find a setting" }).fill("dual clip");
  await expect.element(page.getByText("1 setting", { exact: true })).toBeVisible();
  await page.getByText("verl command").click();
  await page
    .getByLabelText("Paste a verl command")
    .fill(
      "python3 -m verl.trainer.main_ppo algorithm.adv_estimator=grpo actor_rollout_ref.rollout.n=4 data.train_batch_size=32",
    );
  await page.getByRole("button", { name: "Read it" }).click();
  await page.getByRole("button", { name: /^Use (these|the rest of these) settings$/ }).click();
  expect(context.store.config.value).toMatchObject({ rolloutsPerTask: 4, tasksPerStep: 32 });
  await soon(() => expect(document.querySelector(".command")!.textContent).toContain("actor_rollout_ref.rollout.n=4"));
});
