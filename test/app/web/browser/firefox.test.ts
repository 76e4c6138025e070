import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPage } from "../../../support/built_page.ts";
import { Firefox, firefoxProgram, webGpuPrefs } from "../../../support/firefox.ts";
import { type PageServer, startPageServer } from "../../../support/page_server.ts";

const program = await firefoxProgram();
if (program === null)
  console.log(
    "The page is not tried in Firefox: expected /usr/bin/firefox-esr, found none; on Debian install it with: apt-get install -y --no-install-recommends firefox-esr",
  );

const oneStep = "?preset=needle&seed=3&steps=1&tasksPerStep=1&rolloutsPerTask=2&warmupSteps=0&maxToolCalls=0";
const button = (name: string): string =>
  `[...document.querySelectorAll("button")].find((one) => one.textContent.trim() === "${name}" && !one.disabled)`;

const pictures = ["rgb.png", "rgba.png", "gray-16bit.png", "jpeg-420.jpg", "jpeg-exif-6.jpg", "jpeg-cmyk.jpg"];

async function writeRows(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const name of pictures) {
    const bytes = await Deno.readFile(new URL(`../../../golden/pictures/files/${name}`, import.meta.url));
    await Deno.writeFile(`${folder}/${name}`, bytes);
  }
  const lines = pictures.map((image) => JSON.stringify({ image, question: "What is it?", answer: "a picture" }));
  await Deno.writeTextFile(`${folder}/rows.jsonl`, lines.join("\n"));
}

describe.skipIf(program === null)("Firefox, as Debian has it", () => {
  let folder: string;
  let server: PageServer;
  /** As it is installed. */
  let plain: Firefox;
  beforeAll(async () => {
    folder = await buildPage();
    await writeRows(`${folder}/rows`);
    server = await startPageServer(folder);
    plain = await Firefox.start(program!);
  });
  afterAll(async () => {
    await plain?.close();
    await server?.close();
    await Deno.remove(folder, { recursive: true });
  });

  test("is told its own settings where WebGPU is switched off", async () => {
    await plain.open(server.address);
    await plain.until(`document.querySelector(".notice.error")`);
    expect(await plain.evaluate(`document.querySelector(".notice.error").textContent`)).toMatch(
      /Training cannot run here\. Firefox on Linux has WebGPU switched off; open about:config, set dom\.webgpu\.enabled to true/,
    );
  });

  test.each<{ name: string; prefs: Record<string, boolean>; line: string; facts: string[] }>([
    {
      name: "shows damaged PNG files in part, so that it is asked for the others alone",
      prefs: {},
      line: "JPEG and WebP are decoded by this browser; JPEG is cropped through an OffscreenCanvas",
      facts: [
        "JPEG 4:2:0, 4:2:2, 4:4:4, gray, progressive, with restart markers; WebP lossy, lossless",
        "a damaged file is shown in part",
      ],
    },
    {
      name: "that hides its fingerprint is not asked for any",
      prefs: { "privacy.resistFingerprinting": true },
      line: "Pictures are decoded and cropped by our own code: levels read from a canvas are not those that were put there",
      facts: [],
    },
  ])("decodes pictures where it gives our own decoder's bytes: $name", async ({ prefs, line, facts }) => {
    const firefox = Object.keys(prefs).length === 0 ? plain : await Firefox.start(program!, prefs);
    try {
      await firefox.open(`${server.address}?data=${encodeURIComponent(`${server.address}rows/rows.jsonl`)}`);
      await firefox.until(button("Data"));
      await firefox.evaluate(`${button("Data")}.click()`);
      await firefox.until(button("Look at this run’s data"));
      await firefox.evaluate(`${button("Look at this run’s data")}.click()`);
      await firefox.until(button("Fetch and open"));
      await firefox.evaluate(`${button("Fetch and open")}.click()`);
      await firefox.until(`document.body.innerText.includes(${JSON.stringify(line)})`);
      const shown = await firefox.evaluate<string>("document.body.textContent");
      for (const fact of facts) expect(shown).toContain(fact);
      await firefox.until(`document.body.innerText.includes("6 of 6")`);
    } finally {
      if (firefox !== plain) await firefox.close();
    }
  });

  // On a busy machine Firefox now and then never ends installing a service worker (LOG.md); another one then tries once more.
  test("trains a step, with the server gone, on the page that it kept, in a tab that is hidden", {
    retry: 1,
  }, async () => {
    const able = await Firefox.start(program!, webGpuPrefs);
    try {
      await able.open(server.address + oneStep);
      await able.until(`(await navigator.serviceWorker.getRegistration())?.active?.state === "activated"`);
      await server.close();

      await able.open(server.address + oneStep);
      // The model is loaded. Firefox names no adapter.
      await able.until(`/\\(software\\).*needle/.test(document.querySelector(".chips").textContent)`);
      expect(await able.evaluate("crossOriginIsolated")).toBe(true);
      await able.evaluate(`${button("Start")}.click()`);
      await able.cover(true);
      await able.until(`document.body.innerText.includes("The run is done: 1 step")`, 120);
      await able.until(`document.title === "✓ 1/1 done · Saccade"`);
      await able.cover(false);
      await able.until(`/Sampler and learner agree\\s+good\\s+exactly 0/.test(document.body.innerText)`);
    } finally {
      await able.close();
    }
  });
});
