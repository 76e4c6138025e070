import { expose } from "comlink";
import { openGpuSession } from "../gpu_session.ts";
import { DroppedFiles } from "./dropped_files.ts";
import { openBrowserPlatform } from "./platform.ts";
import { RunWorker } from "./run_worker.ts";

// A built worker lies in assets/ beside the page's index.html; the development server serves it from src/.
const base = new URL(import.meta.env.DEV ? "/" : "../", self.location.href).href;

const dropped = new DroppedFiles();
expose(new RunWorker(openBrowserPlatform(base, dropped), openGpuSession, dropped));
