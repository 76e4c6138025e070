import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/* The package as others use it: from a folder of their own that links it, as `npm install ../saccade` does. */

const root = decodeURIComponent(new URL("../../../", import.meta.url).pathname);
/** A software driver that Dawn takes; it comes with Chromium. */
const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

let folder = "";
const run = (program: string, args: string[], env: Record<string, string> = {}) =>
  spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: 280_000, env });

beforeAll(async () => {
  folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/node_modules`);
  await Deno.symlink(root.replace(/\/$/, ""), `${folder}/node_modules/saccade`);
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({ type: "module", dependencies: { saccade: `file:${root}` } }),
  );
});
afterAll(() => Deno.remove(folder, { recursive: true }));

test("deno check finds nothing in the entry and the examples, and the mistake of one who uses them", async () => {
  const examples = readdirSync(`${root}examples`, { recursive: true }).filter((name) => name.endsWith(".ts"));
  for (const name of examples)
    await Deno.writeTextFile(`${folder}/${name}`, await Deno.readTextFile(`${root}examples/${name}`));
  await Deno.writeTextFile(
    `${folder}/wrong.ts`,
    'import { train } from "saccade";\nexport const run = train({ model: "needle", steps: "many" });\n',
  );
  // At once, since checking takes long: the one mistake is found, and it is the only one.
  const { stderr, status } = run(Deno.execPath(), ["check", ...examples, "wrong.ts"], { NO_COLOR: "1" });
  expect(stderr).toContain("Type 'string' is not assignable to type 'number'");
  expect(stderr.match(/at file:\/\/\S+/g)).toEqual([expect.stringMatching(/\/wrong\.ts:2:\d+$/)]);
  expect(status).toBe(1);
}, 300_000);

describe.sequential("built", () => {
  beforeAll(async () => {
    const built = spawnSync("node", [`${root}src/app/library/build_library.mjs`], { encoding: "utf8" });
    expect(built.status, built.stderr + built.stdout).toBe(0);
  }, 200_000);

  test("other people's TypeScript knows its types", async () => {
    await Deno.writeTextFile(
      `${folder}/use.ts`,
      [
        'import { openModel } from "saccade";',
        'const model = await openModel("needle");',
        'const answers = await model.generate({ question: "Which?" }, { count: 2 });',
        "export const text: string | undefined = answers[0]?.text;",
        "// @ts-expect-error a text is no number",
        "export const wrong: number = answers[0]?.text;",
      ].join("\n"),
    );
    const options = "--noEmit --strict --skipLibCheck --target es2022 --lib es2024,dom".split(" ");
    for (const module of ["nodenext", "esnext"]) {
      const resolution = module === "esnext" ? ["--moduleResolution", "bundler"] : [];
      const args = [`${root}node_modules/.bin/tsc`, ...options, "--module", module, ...resolution, "use.ts"];
      const { status, stdout } = run("node", args);
      expect(status, stdout).toBe(0);
    }
  }, 100_000);

  // Dawn needs a driver of Vulkan 1.1 with dynamic indexing, which older software ones lack.
  test.skipIf(!existsSync(swiftShader))(
    "Node opens a model and generates, on Dawn",
    async () => {
      await Deno.writeTextFile(
        `${folder}/use.mjs`,
        [
          'import { defineReward, openModel } from "saccade";',
          'const model = await openModel("needle");',
          "const data = new Uint8Array(512 * 512 * 3).fill(127);",
          'const prompt = { question: "What digit is on the red square?", pictures: [{ width: 512, height: 512, data }] };',
          "const [answer] = await model.generate(prompt, { maxTokens: 3 });",
          "const again = await model.logprobs(prompt, answer.tokens);",
          "console.log(typeof defineReward, answer.logprobs.every((logprob, i) => logprob === again[i]));",
          "model.close();",
        ].join("\n"),
      );
      const { status, stdout, stderr } = run("node", ["use.mjs"], {
        VK_ICD_FILENAMES: swiftShader,
        VK_DRIVER_FILES: swiftShader,
        XDG_RUNTIME_DIR: folder,
      });
      expect(status, stderr).toBe(0);
      expect(stdout).toBe("function true\n");
    },
    200_000,
  );
});
