/** Run as a process of its own by dawn.ts: says "found" where Dawn has an adapter that gives a device. */
import { createDawn } from "./dawn.ts";

const gpu = await createDawn();
const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
const device = await adapter?.requestDevice();
console.log(device ? "found" : "none");
device?.destroy();
Deno.exit(0);
