import { render } from "preact";
import "./style.css";
import { gpuFacts, gpuProblem } from "./browser/gpu_support.ts";
import { connect, connectBeside } from "./connect.ts";
import { followAddress } from "./frame/address.ts";
import { saveOnLeave } from "./frame/save_on_leave.ts";
import { makePage } from "./make_page.ts";
import { Page } from "./page.tsx";

const page = makePage(
  connect((error) => page.store.notices.error(error)),
  connectBeside,
);
followAddress(page.store, page.control);
saveOnLeave(page.control);
render(<Page page={page} />, document.getElementById("page")!);

// What goes wrong outside of a view is said as well; browsers report resizes that take two frames as errors.
addEventListener("error", ({ error }) => error && page.store.notices.error(error));
addEventListener("unhandledrejection", ({ reason }) => page.store.notices.error(reason));

const away = page.away();
away.then(
  (control) => control.begin(),
  (error) => page.store.notices.error(error),
);
page.store.gpuProblem.value = gpuProblem(await gpuFacts());
if (page.store.gpuProblem.value === null) await page.control.open();
// Last: it fetches what was not needed yet.
await (await away).keepOffline();
