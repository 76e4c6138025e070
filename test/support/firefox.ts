import { endProcess } from "../../src/app/deno/processes/end_process.ts";

/** Debian's Firefox, driven by WebDriver BiDi: one program, one tab, a profile of its own that is gone afterwards. */

const programs = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/** WebGPU on Linux is behind the first; the second takes drivers that Firefox does not know, such as a software one. */
export const webGpuPrefs = { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true } as const;

/** Nothing is fetched, asked or told by the browser itself. */
const quiet = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.systemAddon.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "http://127.0.0.1:1/",
  "toolkit.telemetry.enabled": false,
};

/** Where Firefox is installed; null where it is not. */
export async function firefoxProgram(): Promise<string | null> {
  for (const path of programs) if (await Deno.stat(path).catch(() => null)) return path;
  return null;
}

/** What one evaluated expression gave, as far as JSON goes. */
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One tab of a running Firefox. */
export class Firefox {
  readonly #process: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, { resolve(result: Json): void; reject(error: Error): void }>();
  #count = 0;
  #context = "";

  private constructor(process: Deno.ChildProcess, socket: WebSocket, profile: string) {
    this.#process = process;
    this.#socket = socket;
    this.#profile = profile;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data)));
  }

  /** Starts the program without a window. @throws Error where it does not answer */
  static async start(
    program: string,
    prefs: Readonly<Record<string, boolean | number | string>> = {},
  ): Promise<Firefox> {
    const profile = await Deno.makeTempDir();
    const lines = Object.entries({ ...quiet, ...prefs }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    await Deno.writeTextFile(`${profile}/user.js`, lines.join("\n"));
    const process = new Deno.Command(program, {
      args: ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
      env: { HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const socket = new WebSocket(`${await listening(process.stderr)}/session`);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error("Firefox refused the connection")));
    });
    const firefox = new Firefox(process, socket, profile);
    await firefox.#ask("session.new", { capabilities: {} });
    const tree = (await firefox.#ask("browsingContext.getTree", {})) as { contexts: { context: string }[] };
    firefox.#context = tree.contexts[0]!.context;
    return firefox;
  }

  /** Opens an address, up to its "load" event. */
  async open(url: string): Promise<void> {
    await this.#ask("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
  }

  /** Opens an empty tab in front of it, or takes that away: the page is hidden meanwhile. */
  async cover(covers: boolean): Promise<void> {
    if (!covers) return void (await this.#ask("browsingContext.activate", { context: this.#context }));
    await this.#ask("browsingContext.create", { type: "tab", background: false });
    await this.until('document.visibilityState === "hidden"');
  }

  async size(width: number, height: number): Promise<void> {
    await this.#ask("browsingContext.setViewport", { context: this.#context, viewport: { width, height } });
  }

  /** The value of an expression in the page, or of the promise that it is. @throws Error as the page threw it */
  async evaluate<T extends Json>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#ask("script.evaluate", {
      // Written out there, as objects arrive as lists of pairs.
      expression: `(async () => JSON.stringify(await (${expression})) ?? "null")()`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: { value: string }; exceptionDetails?: { text: string } };
    if (exceptionDetails || !result) throw new Error(exceptionDetails?.text ?? "no result");
    return JSON.parse(result.value) as T;
  }

  /** Waits until an expression is true in the page. @throws Error with what the page shows where it takes too long */
  async until(expression: string, seconds = 60): Promise<void> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
      if (await this.evaluate<boolean>(`(async () => Boolean(${expression}))()`)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const shown = await this.evaluate<string>("document.body.innerText.slice(0, 1500)");
    throw new Error(`${expression} did not become true within ${seconds} s; the page shows: ${shown}`);
  }

  /** PNG bytes of what is visible. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = (await this.#ask("browsingContext.captureScreenshot", { context: this.#context })) as {
      data: string;
    };
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  }

  async close(): Promise<void> {
    await this.#ask("browser.close", {}).catch(() => {});
    this.#socket.close();
    const killing = setTimeout(() => endProcess(this.#process, "SIGKILL"), 5000);
    await this.#process.status;
    clearTimeout(killing);
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {});
  }

  #ask(method: string, params: { [key: string]: Json }): Promise<Json> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  #receive(message: { id?: number; type: string; result?: Json; error?: string; message?: string }): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id!);
    if (message.type === "success") waiting.resolve(message.result!);
    else waiting.reject(new Error(`Firefox: ${message.error}: ${message.message}`));
  }
}

/** The address that Firefox says it listens at. What else it writes is read on, so that it never waits for us. */
function listening(output: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of output) {
        text = (text + decoder.decode(chunk, { stream: true })).slice(-20_000);
        const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(text);
        if (found) resolve(found[1]!);
      }
      reject(new Error(`Firefox ended: ${text.slice(-1000)}`));
    })().catch(reject);
  });
}
