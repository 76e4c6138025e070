import { afterEach, describe, expect, test } from "vitest";
import { readHubModel } from "../../../src/app/network/hub_model.ts";
import { NetworkFiles } from "../../../src/app/network/network_files.ts";
import { type FakeHub, type FakeHubOptions, firstCommit, openFakeHub } from "../../support/fake_hub.ts";

const bytes = (length: number) => new Uint8Array(length).fill(7);
const open: FakeHub[] = [];
afterEach(async () => {
  for (const fake of open.splice(0)) await fake.close();
});

async function hubWith(options: Partial<FakeHubOptions> = {}) {
  const fake = await openFakeHub({
    repositories: { "models/a/small": { "config.json": bytes(10), "model.safetensors": bytes(5000) } },
    redirectFrom: 1000,
    sums: { "model.safetensors": "b".repeat(64) },
    ...options,
  });
  open.push(fake);
  const network = new NetworkFiles({ seesRedirects: true, endpoint: fake.endpoint, tokenRemedy: "enter a token" });
  return { fake, network };
}

test("the Hub says what a model is: commit, licence, files with sizes and sums", async () => {
  const { network } = await hubWith();
  expect(await network.model("hf://a/small@main")).toEqual({
    commit: firstCommit,
    licence: "apache-2.0",
    gated: false,
    files: [
      { path: "config.json", sizeBytes: 10, sha256: null },
      { path: "model.safetensors", sizeBytes: 5000, sha256: "b".repeat(64) },
    ],
  });
});

test("what a branch stood for holds for the files that are read after", async () => {
  const { fake, network } = await hubWith();
  await network.model("hf://a/small@main");
  fake.revisions.main = "2".repeat(40);
  fake.revisions.before = firstCommit;
  await network.read("hf://a/small@main/config.json");
  expect(fake.requests.at(-1)?.url).toContain(`/resolve/${firstCommit}/config.json`);
});

describe("a token that is entered later", () => {
  const gated = { repository: "models/a/small", token: "hf_secret" };

  test("opens what was refused before, and goes to the Hub alone", async () => {
    const { fake, network } = await hubWith({ gated });
    await expect(network.model("hf://a/small@main")).rejects.toThrow(/is gated \(401\): .* then enter a token$/);
    network.setToken(" hf_secret ");
    expect((await network.model("hf://a/small@main")).gated).toBe(true);
    await network.read("hf://a/small@main/model.safetensors");
    const tokens = (server: string) =>
      fake.requests.filter((one) => one.server === server).map((one) => one.authorization);
    expect(tokens("hub").at(-1)).toBe("Bearer hf_secret");
    expect(new Set(tokens("cdn"))).toEqual(new Set([null]));
    network.setToken("");
    await expect(network.model("hf://a/small@main")).rejects.toThrow("enter a token");
  });

  test("one that cannot be one changes nothing, and is not repeated", async () => {
    const { network } = await hubWith({ gated });
    network.setToken("hf_secret");
    const wrong = "hf_s\u0435cret";
    expect(() => network.setToken(wrong)).toThrow(
      "The token must be a token of the Hub such as hf_..., found other characters in it",
    );
    expect((await network.model("hf://a/small@main")).commit).toBe(firstCommit);
  });
});

describe("what the Hub says is checked", () => {
  const of = (value: unknown) => readHubModel(value, { host: "hub", name: "The model a/b" });

  test.each([null, 3, "x", [], {}, { siblings: {} }])("%j is no model", (value) => {
    expect(() => of(value)).toThrow(/^Expected hub to list the files of The model a\/b, found /);
  });

  test("too many files are refused, wrong ones left out", () => {
    expect(() => of({ siblings: new Array(10_001).fill({}) })).toThrow("at most 10000");
    const siblings = [
      null,
      {},
      { rfilename: 3 },
      { rfilename: "a", size: -5, lfs: { sha256: "zz" } },
      { rfilename: "b", size: 1e300 },
    ];
    expect(of({ sha: "x", siblings }).files).toEqual([
      { path: "a", sizeBytes: 0, sha256: null },
      { path: "b", sizeBytes: 0, sha256: null },
    ]);
  });

  test("licences, by whichever name", () => {
    const licence = (more: object) => of({ siblings: [], ...more }).licence;
    expect(licence({ cardData: { license: "mit" } })).toBe("mit");
    expect(licence({ cardData: { license: "other", license_name: "qwen-research" } })).toBe("qwen-research");
    expect(licence({ cardData: { license: ["a", "b"] }, tags: ["x", "license:gpl-3.0"] })).toBe("gpl-3.0");
    expect(licence({ cardData: 3, tags: 5 })).toBeNull();
  });
});
