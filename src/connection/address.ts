import type { ServerRole } from "./server_role.ts";

/** Where a server is: the base of an OpenAI-compatible interface, without a slash at the end. */
export interface ServerAddress {
  base: string;
  origin: string;
  /** Whether it names this machine or a private network: browsers ask a person before a public page may reach it. */
  network: "loopback" | "private" | "public";
}

/**
 * Reads what a person typed. A pasted `.../chat/completions` or `.../models` is cut back to its base; a bare host gets
 * `/v1`, where every server that we know has its interface.
 * @throws Error for anything but http and https, and for an address that carries a name, a password or a query.
 */
export function readServerAddress(text: string, role: ServerRole = "judge"): ServerAddress {
  const example = "such as http://127.0.0.1:18901/v1";
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    throw new Error(`Expected the address of a ${role} ${example}, found ${quoted(text)}`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Error(
      `The address of a ${role} begins with http:// or https://, ${example}; found ${quoted(url.protocol)}`,
    );
  // Not quoted: what stands there is a secret.
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new Error(
      `The address of a ${role} holds no name, password, query or fragment, ${example}; a key has its own place, out of the address`,
    );
  if (text.includes(","))
    throw new Error(
      `Expected one address of a ${role}, ${example}, found a comma in ${quoted(text)}; several of its models are named by their names`,
    );
  const path = url.pathname.replace(/\/+$/, "").replace(/\/(chat\/completions|models)$/, "");
  return { base: `${url.origin}${path === "" ? "/v1" : path}`, origin: url.origin, network: networkOf(url.hostname) };
}

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);

function networkOf(host: string): ServerAddress["network"] {
  if (host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\./.test(host)) return "loopback";
  const isPrivate =
    /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host) ||
    /^\[f[cd]|^\[fe80:/.test(host) ||
    host.endsWith(".local") ||
    !/[.:]/.test(host);
  return isPrivate ? "private" : "public";
}

/**
 * The key to a server. It belongs to one origin and is given out as a header for that origin alone. Printed, logged or
 * stored it is a placeholder.
 */
export class ServerKey {
  readonly #secret: string;
  readonly origin: string;

  /** @throws Error for a key that no header can carry; the key is not in the message. */
  constructor(secret: string, origin: string) {
    const trimmed = secret.trim();
    if (!/^[\x21-\x7e]+$/.test(trimmed))
      throw new Error(
        "Expected a key of printable ASCII characters without blanks, found others; copy it again, without the quotes or the line break around it",
      );
    this.#secret = trimmed;
    this.origin = origin;
  }

  /** The value of the Authorization header. @throws Error for another origin */
  authorization(url: string): string {
    const { origin } = new URL(url);
    if (origin !== this.origin)
      throw new Error(`The key belongs to ${this.origin} and is not sent to ${origin}; enter the key of ${origin}`);
    return `Bearer ${this.#secret}`;
  }

  /** A text without the key in it: servers quote the keys that they refuse. */
  redact(text: string): string {
    return text.replaceAll(this.#secret, "[key]");
  }

  toJSON(): string {
    return "[key]";
  }

  toString(): string {
    return "[key]";
  }
}
