import { nearest } from "../../train/config.ts";
import { type HubModel, readHubModel } from "./hub_model.ts";
import {
  type HubPlace,
  hubEndpoint,
  hubFileAddress,
  hubListAddress,
  hubModelAddress,
  hubPageAddress,
  hubText,
  isCommit,
  readHubPath,
} from "./hub_path.ts";
import { RemoteFailure } from "./remote_failure.ts";
import type { RemoteFiles } from "./remote_files.ts";

export interface HubOptions {
  /** Without a slash at its end; the Hub's own unless a mirror is named. */
  endpoint?: string;
  /** Whether a token is sent. */
  hasToken?: boolean;
  /** How a person here gives one, "" where there is no way. */
  tokenRemedy?: string;
}

/** Pages of a listing, of a thousand files each. */
const mostPages = 200;

/**
 * Models and data sets of the Hub by paths that begin with hf://. What a branch stands for is asked once: later files
 * come from the same commit where the Hub names it, so that no two files of a model are of different versions.
 */
export class Hub {
  readonly endpoint: string;
  readonly #files: RemoteFiles;
  /** Whether a token is sent. */
  hasToken: boolean;
  readonly #tokenRemedy: string;
  /** Commits by repository and revision. */
  readonly #commits = new Map<string, string>();
  /** Addresses by path, as they were first asked for. */
  readonly #addresses = new Map<string, string>();
  readonly #lists = new Map<string, Promise<string[] | null>>();

  constructor(files: RemoteFiles, { endpoint = hubEndpoint, hasToken = false, tokenRemedy = "" }: HubOptions = {}) {
    this.#files = files;
    this.endpoint = endpoint.replace(/\/+$/, "");
    this.hasToken = hasToken;
    this.#tokenRemedy = tokenRemedy;
  }

  /** Null where the repository has no such file. @throws Error with one sentence */
  async sizeBytes(path: string): Promise<number | null> {
    const place = readHubPath(path);
    if (place.path === "") return null;
    try {
      return await this.#files.sizeBytes(await this.#address(place));
    } catch (error) {
      if (error instanceof RemoteFailure && isMissingFile(error)) return null;
      throw this.#inWords(place, error);
    }
  }

  /**
   * The commit that a path's revision stands for, and the mark of the file, each "" where the Hub says none; of a
   * repository or folder by a file in it. @throws Error with one sentence
   */
  async version(path: string): Promise<{ commit: string; mark: string }> {
    const place = readHubPath(path);
    try {
      const file = /\.\w+$/.test(place.path) ? place : await this.#fileIn(place);
      if (!file) return { commit: "", mark: "" };
      const address = await this.#address(file);
      return { commit: this.#commits.get(versionOf(place)) ?? "", mark: await this.#files.mark(address) };
    } catch (error) {
      if (error instanceof RemoteFailure && isMissingFile(error)) throw await this.#noSuchFile(place);
      throw this.#inWords(place, error);
    }
  }

  /** A file that is read anyway, and small. */
  async #fileIn(place: HubPlace): Promise<HubPlace | null> {
    const list = (await this.list(hubText(place))) ?? [];
    const name = ["config.json", "adapter_config.json", "README.md"].find((one) => list.includes(one)) ?? list[0];
    return name === undefined ? null : { ...place, path: place.path ? `${place.path}/${name}` : name };
  }

  /** Bytes [startByte, endByte) of a file, or as many of them as there are. @throws Error with one sentence */
  async read(path: string, startByte?: number, endByte?: number): Promise<Uint8Array> {
    const place = readHubPath(path);
    try {
      return await this.#files.read(await this.#address(place), startByte, endByte);
    } catch (error) {
      if (error instanceof RemoteFailure && isMissingFile(error)) throw await this.#noSuchFile(place);
      throw this.#inWords(place, error);
    }
  }

  /**
   * The files below a folder, in order, by their paths from there; null where the repository has no such folder.
   * @throws Error with one sentence
   */
  list(path: string): Promise<string[] | null> {
    const place = readHubPath(path);
    let list = this.#lists.get(path);
    if (!list) {
      list = this.#list(place);
      list.catch(() => this.#lists.delete(path));
      this.#lists.set(path, list);
    }
    return list;
  }

  /** What the Hub says of a model, and its files. @throws Error with one sentence */
  async model(path: string): Promise<HubModel> {
    const place = readHubPath(path);
    try {
      const { value } = await this.#files.json(hubModelAddress(this.#pinned(place), this.endpoint));
      const found = readHubModel(value, { host: new URL(this.endpoint).host, name: nameOf(place) });
      if (isCommit(found.commit)) this.#commits.set(versionOf(place), found.commit);
      return found;
    } catch (error) {
      throw this.#inWords(place, error);
    }
  }

  async #list(place: HubPlace): Promise<string[] | null> {
    const prefix = place.path && `${place.path}/`;
    const found: string[] = [];
    let address: string | null = hubListAddress(this.#pinned(place), this.endpoint);
    for (let pages = 0; address !== null; pages++) {
      if (pages === mostPages)
        throw new Error(`${nameOf(place)} has more than ${mostPages} pages of files; name a folder in it`);
      // A listing that led elsewhere would take the token along.
      if (new URL(address).origin !== new URL(this.endpoint).origin)
        throw new Error(`The list of ${nameOf(place)} goes on at ${new URL(address).host}, which is not the Hub`);
      let page: { value: unknown; next: string | null };
      try {
        page = await this.#files.json(address);
      } catch (error) {
        if (error instanceof RemoteFailure && isMissingFile(error) && place.path !== "") return null;
        throw this.#inWords(place, error);
      }
      if (!Array.isArray(page.value))
        throw new Error(
          `Expected a list of files from ${this.endpoint}, found ${JSON.stringify(page.value)?.slice(0, 60)}`,
        );
      for (const entry of page.value) {
        const { type, path } = (entry ?? {}) as Record<string, unknown>;
        if (type === "file" && typeof path === "string" && path.startsWith(prefix))
          found.push(path.slice(prefix.length));
      }
      address = page.next;
    }
    return found.length === 0 && prefix !== "" ? null : found.sort();
  }

  #pinned(place: HubPlace): HubPlace {
    const commit = this.#commits.get(versionOf(place));
    return commit ? { ...place, revision: commit } : place;
  }

  async #address(place: HubPlace): Promise<string> {
    const key = `${versionOf(place)} ${place.path}`;
    const known = this.#addresses.get(key);
    if (known) return known;
    const address = hubFileAddress(this.#pinned(place), this.endpoint);
    const commit = await this.#files.commit(address);
    this.#addresses.set(key, address);
    if (isCommit(commit)) this.#commits.set(versionOf(place), commit);
    return address;
  }

  async #noSuchFile(place: HubPlace): Promise<Error> {
    const { kind, repository, revision, path } = place;
    const whole = `hf://${kind}/${repository}@${encodeURIComponent(revision)}`;
    let files: string[];
    try {
      files = (await this.list(whole)) ?? [];
    } catch (error) {
      // Where there is no repository either, that is the better answer.
      return error as Error;
    }
    const hint = files.length > 0 ? `; did you mean ${nearest(path, files)}?` : "";
    return new Error(`${nameOf(place)} has no file ${path} at revision ${revision}${hint}`);
  }

  /** What the Hub refused, in words of the place that was asked for. */
  #inWords(place: HubPlace, error: unknown): Error {
    if (!(error instanceof RemoteFailure)) return error as Error;
    const { kind, repository, revision } = place;
    const { host } = new URL(this.endpoint);
    const { status, code } = error;
    const name = nameOf(place);
    const page = hubPageAddress(place, this.endpoint);
    const way = this.#tokenRemedy || "download the files and drop their folder here";
    if (code === "GatedRepo" || (status === 403 && code === ""))
      return new Error(
        `${name} is gated (${status}): accept its terms at ${page}, then ${this.hasToken ? "take a token of that account" : way}`,
      );
    // Without a token the Hub does not say whether a private repository is there, nor whether any is.
    if (code === "RepoNotFound" || (status === 401 && code === ""))
      return new Error(
        `${host} has no ${kindName(kind)} ${repository} that ${this.hasToken ? "this token may read" : "everyone may read"} (${status}); check its name, ${other(kind)}, or if it is private ${this.hasToken ? "take a token of its owner" : way}`,
      );
    if (code === "RevisionNotFound")
      return new Error(
        `${name} has no revision "${revision}" (${status}); take a branch such as main, a tag or a commit`,
      );
    if (error.problem === "missing")
      return new Error(
        `${host} has no ${kindName(kind)} ${repository} at revision ${revision} (404); check both names, ${other(kind)}`,
      );
    return error;
  }
}

const kindName = (kind: HubPlace["kind"]): string => (kind === "datasets" ? "data set" : "model");
const nameOf = ({ kind, repository }: HubPlace): string => `The ${kindName(kind)} ${repository}`;
const versionOf = ({ kind, repository, revision }: HubPlace): string => `${kind} ${repository} ${revision}`;

const other = (kind: HubPlace["kind"]): string =>
  kind === "datasets" ? "hf://owner/name where it is a model" : "hf://datasets/owner/name where it is a data set";

/** The repository and the revision are there; a mirror may give no word for it. */
const isMissingFile = ({ problem, code }: RemoteFailure): boolean =>
  problem === "missing" && (code === "EntryNotFound" || code === "");
