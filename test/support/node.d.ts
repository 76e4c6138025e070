/** The part of Node's modules that tests use, which Deno has too; the program has no other declarations of them. */
declare module "node:net" {
  interface Socket {
    write(text: string): void;
    on(event: "data" | "end" | "error", listener: (value: unknown) => void): void;
  }
  export function connect(port: number, host: string, connected: () => void): Socket;
}
