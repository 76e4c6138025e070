/** Run as a process of its own by dawn.ts: says "found" and the adapter where Dawn has one that gives a device. */
import { createDawn } from "./dawn.ts";

const gpu = await createDawn();
const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
const device = await adapter?.requestDevice();
console.log(device ? `found ${adapter?.info.description || adapter?.info.device}` : "none");
device?.destroy();
Deno.exit(0);
