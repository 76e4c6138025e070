import type { RemoteOptions } from "./http_requests.ts";
import { Hub } from "./hub.ts";
import type { HubModel } from "./hub_model.ts";
import { addressOfPath, hubEndpoint, isHubPath, isWebAddress, shortModelPath } from "./hub_path.ts";
import { RemoteFailure } from "./remote_failure.ts";
import { RemoteFiles } from "./remote_files.ts";

export interface NetworkOptions extends Pick<RemoteOptions, "request" | "seesRedirects" | "wait"> {
  /** The Hub or a mirror of it; "" or undefined: the Hub. */
  endpoint?: string;
  /** Sent to the endpoint alone; "" or undefined: none. */
  token?: string;
  /** How a person here gives one. */
  tokenRemedy?: string;
}

/** Files that lie on the network, by their paths: on the Hub, or behind any address. */
export class NetworkFiles {
  readonly #files: RemoteFiles;
  readonly #hub: Hub;
  readonly #origin: string;

  /** @throws Error where the endpoint or the token cannot be one */
  constructor({ endpoint, token, tokenRemedy, ...options }: NetworkOptions) {
    const place = URL.parse(endpoint || hubEndpoint);
    if (place === null || !/^https?:$/.test(place.protocol))
      throw new Error(`HF_ENDPOINT must be an address such as ${hubEndpoint}, found "${endpoint}"`);
    this.#origin = place.origin;
    this.#files = new RemoteFiles(options);
    this.#hub = new Hub(this.#files, { endpoint: endpoint || hubEndpoint, tokenRemedy });
    this.setToken(token ?? "", "HF_TOKEN");
  }

  /**
   * The token of the Hub from now on, "" for none; it is sent to the endpoint alone.
   * @param what  how a person here calls it  @throws Error where it cannot be one; the one before stays
   */
  setToken(token: string, what = "The token"): void {
    const secret = token.trim();
    if (!/^[\x21-\x7e]*$/.test(secret))
      throw new Error(`${what} must be a token of the Hub such as hf_..., found other characters in it`);
    this.#files.secret = secret === "" ? null : { origin: this.#origin, authorization: `Bearer ${secret}` };
    this.#hub.hasToken = secret !== "";
  }

  /** What the Hub says of a model. @throws Error with one sentence */
  model(path: string): Promise<HubModel> {
    return this.#hub.model(path);
  }

  /** A path as the methods here take it; null for one that is not on the network. */
  static path(path: string): string | null {
    return isHubPath(path) || isWebAddress(path) ? path : shortModelPath(path);
  }

  /** Null where there is no such file. @throws Error with one sentence */
  async sizeBytes(path: string): Promise<number | null> {
    if (isHubPath(path)) return this.#hub.sizeBytes(path);
    try {
      return await this.#files.sizeBytes(path);
    } catch (error) {
      if (error instanceof RemoteFailure && error.problem === "missing") return null;
      throw error;
    }
  }

  /** Bytes [startByte, endByte), or as many of them as there are. @throws Error with one sentence */
  read(path: string, startByte?: number, endByte?: number): Promise<Uint8Array> {
    return isHubPath(path) ? this.#hub.read(path, startByte, endByte) : this.#files.read(path, startByte, endByte);
  }

  /** The files below a folder of the Hub; null for another address, which has no listing. @throws Error with one sentence */
  async list(path: string): Promise<string[] | null> {
    return isHubPath(path) ? this.#hub.list(path) : null;
  }

  /** The commit and the mark of a file, each "" where the server says none. @throws Error with one sentence */
  async version(path: string): Promise<{ commit: string; mark: string }> {
    return isHubPath(path) ? this.#hub.version(path) : { commit: "", mark: await this.#files.mark(path) };
  }

  addressOf(path: string): string | null {
    return addressOfPath(path, this.#hub.endpoint);
  }
}
