import { render } from "preact";
import "../../src/app/web/style.css";
import { DroppedFiles } from "../../src/app/web/browser/dropped_files.ts";
import { gpuProblem } from "../../src/app/web/browser/gpu_support.ts";
import { followAddress } from "../../src/app/web/frame/address.ts";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { openBrowserPlatform } from "../../src/app/web/worker/platform.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { fakeDataFiles } from "../support/fake_data.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";
import { type JudgeServerState, judgeFetch, judgePage } from "../support/judge_fetch.ts";
import { type PolicyServerState, policyFetch } from "../support/policy_fetch.ts";
import { wordedEvents } from "../support/worded_run.ts";

/** "#judge=cors": what the page finds of its judge's server. */
const [state, detail = "ready"] = location.hash.split("=");
const dropped = new DroppedFiles();
await dropped.add(await fakeDataFiles());
const fake = new FakeRun({
  delayMs: 2,
  failAtStep: state === "#fail" ? 3 : undefined,
  resumable: state === "#resume" ? { name: "needle-7-recorded", step: 20 } : undefined,
  dropped,
  platform: openBrowserPlatform(new URL("/", location.href).href, dropped),
  policy: policyFetch(() => (state === "#policy" ? (detail as PolicyServerState) : "ready")),
  judge: {
    fetch: judgeFetch(() => detail as JudgeServerState),
    page: judgePage(() => detail as JudgeServerState),
  },
});
fake.store("needle-7-recorded", [...fakeEvents(resolveConfig({ seed: 7, steps: 30, evalEvery: 5 }))]);
fake.store("worded", wordedEvents(resolveConfig({ seed: 3, steps: 20, tasksPerStep: 8, rolloutsPerTask: 4 })));
const page = makePage(fake, () => ({ api: fake.beside(), close() {} }));
followAddress(page.store, page.control);
render(<Page page={page} />, document.getElementById("page")!);
if (state === "#nogpu")
  page.store.gpuProblem.value = gpuProblem({
    secureContext: true,
    hasGpu: false,
    hasAdapter: false,
    engine: { name: "other", version: null, system: "linux" },
  });
else await page.control.open();
