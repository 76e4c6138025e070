import { render } from "preact";
import "../../src/app/web/style.css";
import { followAddress } from "../../src/app/web/address.ts";
import { gpuProblem } from "../../src/app/web/gpu_support.ts";
import { makePage } from "../../src/app/web/make_page.ts";
import { Page } from "../../src/app/web/page.tsx";
import { resolveConfig } from "../../src/train/config.ts";
import { FakeRun, fakeEvents } from "../support/fake_run.ts";

const state = location.hash;
const fake = new FakeRun({
  delayMs: 2,
  failAtStep: state === "#fail" ? 2 : undefined,
  resumable: state === "#resume" ? { name: "needle-7-recorded", step: 20 } : undefined,
});
fake.store("needle-7-recorded", [...fakeEvents(resolveConfig({ seed: 7, steps: 30, evalEvery: 5 }))]);
const page = makePage(fake);
followAddress(page.store, page.control);
render(<Page page={page} />, document.getElementById("page")!);
if (state === "#nogpu")
  page.store.gpuProblem.value = gpuProblem({ secureContext: true, hasGpu: false, hasAdapter: false, linux: true });
else await page.control.open();
