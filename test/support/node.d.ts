/** The part of Node's modules that tests use, which Deno has too; the program has no other declarations of them. */
declare module "node:fs" {
  export function existsSync(path: string | URL): boolean;
  /** Paths relative to `folder`, of files and folders alike. */
  export function readdirSync(folder: string | URL, options: { recursive: true }): string[];
  export function readFileSync(path: string | URL): Uint8Array<ArrayBuffer>;
  export function readFileSync(path: string | URL, encoding: "utf8"): string;
  export function statSync(path: string | URL, options: { throwIfNoEntry: false }): { size: number } | undefined;
  export function statSync(path: string | URL): { size: number; isFile(): boolean };
  export function chmodSync(path: string, mode: number): void;
  export function mkdtempSync(prefix: string): string;
  export function rmSync(path: string, options: { recursive: true }): void;
  export function writeFileSync(path: string | URL, text: string): void;
  export function mkdirSync(path: string | URL): void;
  export function cpSync(from: string | URL, to: string | URL, options: { recursive: true }): void;
}

declare module "node:child_process" {
  export function spawnSync(
    program: string,
    args: string[],
    options?: { env?: Record<string, string>; cwd?: string; encoding?: "utf8"; timeout?: number },
  ): { status: number | null; stdout: string; stderr: string };
}

declare module "node:zlib" {
  export function gunzipSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

declare module "node:os" {
  export function tmpdir(): string;
}

declare module "node:path" {
  export function join(...parts: string[]): string;
}

declare module "node:net" {
  interface Socket {
    write(text: string): void;
    on(event: "data" | "end" | "error", listener: (value: unknown) => void): void;
  }
  export function connect(port: number, host: string, connected: () => void): Socket;
}

declare module "node:http" {
  interface IncomingMessage extends AsyncIterable<Uint8Array> {
    method: string;
    url: string;
    headers: Record<string, string | undefined>;
  }
  interface ServerResponse {
    writeHead(status: number, headers?: Record<string, string | number>): ServerResponse;
    /** False once the reader is behind. */
    write(data: string | Uint8Array): boolean;
    end(data?: string | Uint8Array): void;
    /** Breaks the connection off. */
    destroy(): void;
    readonly destroyed: boolean;
    once(event: "drain" | "close", listener: () => void): void;
  }
  interface Server {
    listen(port: number, host: string, listening: () => void): void;
    address(): { port: number };
    close(closed: () => void): void;
    closeAllConnections(): void;
  }
  export function createServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server;
}
