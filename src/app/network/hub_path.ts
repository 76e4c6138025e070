/** What the Hub keeps in repositories, by its own names. */
export type HubKind = "models" | "datasets";

/** A repository's files at a revision, or one of them. */
export interface HubPlace {
  kind: HubKind;
  /** owner/name */
  repository: string;
  /** Branch, tag, commit or refs/... */
  revision: string;
  /** A file or folder in it, "/" between; "" for all of it. */
  path: string;
}

export const hubEndpoint = "https://huggingface.co";

const scheme = "hf://";
const part = /^\w[\w.-]*$/;
/** Revisions with slashes that the Hub makes itself. */
const reference = /^(refs\/(?:convert\/\w+|pr\/\d+))(?:\/(.*))?$/;
const shortForm = /^(\w[\w.-]*\/\w[\w.-]*)@(\S+)$/;

/** Whether a revision is a commit, which always stands for the same files. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

export const isHubPath = (text: string): boolean => text.startsWith(scheme);

/** Whether a path is an address by which a file is fetched, on the Hub or not. */
export const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text);

/**
 * `hf://owner/name@revision/path`, the form that huggingface_hub's HfFileSystem has; data sets under `hf://datasets/`.
 * Without a revision it is main; a slash in one is written %2F.
 * @throws Error with one sentence
 */
export function readHubPath(text: string): HubPlace {
  const wrong = (found: string): Error =>
    new Error(
      `Expected ${scheme}owner/name@revision/file, or ${scheme}datasets/owner/name@revision/file, found ${found} in "${text}"`,
    );
  if (!isHubPath(text)) throw wrong("another beginning");
  let parts = text.slice(scheme.length).replace(/\/+$/, "").split("/");
  let kind: HubKind = "models";
  if (parts[0] === "spaces") throw wrong("a space, which holds neither models nor data");
  if (parts[0] === "models" || parts[0] === "datasets") {
    kind = parts[0];
    parts = parts.slice(1);
  }
  const [owner = "", nameAndRevision = "", ...rest] = parts;
  const [name = "", ...marked] = nameAndRevision.split("@");
  if (!part.test(owner) || !part.test(name)) throw wrong(`no owner and name of a repository`);
  let revision = "main";
  let path = rest;
  if (marked.length > 0) {
    const [, special, under] = reference.exec([marked.join("@"), ...rest].join("/")) ?? [];
    revision = special ?? decoded(marked.join("@"));
    if (special) path = under ? under.split("/") : [];
  }
  if (!isRevision(revision)) throw wrong(`the revision "${revision}"`);
  if (path.some((name) => name === "" || name === "." || name === "..")) throw wrong("a path that leaves its folder");
  return { kind, repository: `${owner}/${name}`, revision, path: path.join("/") };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const isRevision = (text: string): boolean => /^\w[\w./+-]*$/.test(text) && !text.includes("..");

/**
 * What a person writes for a model or a data set, as a path that begins with hf://: `owner/name@revision` is short for
 * the whole of it. Null for what is not a name on the Hub. @throws Error as readHubPath does
 */
export function hubPath(text: string, kind: HubKind): string | null {
  if (isHubPath(text)) return hubText(readHubPath(text));
  const [, repository, revision] = shortForm.exec(text) ?? [];
  if (!repository) return null;
  return hubText(readHubPath(`${scheme}${kind}/${repository}@${revision}`));
}

/** A path in a model that is named in short, `owner/name@revision/file`, as one that begins with hf://, else null. */
export const shortModelPath = (path: string): string | null =>
  /^\w[\w.-]*\/\w[\w.-]*@[^/\s]+(\/|$)/.test(path) ? `${scheme}${path}` : null;

/** The path of a place. */
export function hubText({ kind, repository, revision, path }: HubPlace): string {
  const marked = reference.test(revision) ? revision : encodeURIComponent(revision);
  return `${scheme}${kind === "datasets" ? "datasets/" : ""}${repository}@${marked}${path && `/${path}`}`;
}

const escaped = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** Where a file lies. */
export function hubFileAddress({ kind, repository, revision, path }: HubPlace, endpoint = hubEndpoint): string {
  const folder = kind === "datasets" ? "datasets/" : "";
  return `${endpoint}/${folder}${repository}/resolve/${encodeURIComponent(revision)}/${escaped(path)}`;
}

/** Where the list of the files below a folder lies. */
export function hubListAddress({ kind, repository, revision, path }: HubPlace, endpoint = hubEndpoint): string {
  const folder = path && `/${escaped(path)}`;
  return `${endpoint}/api/${kind}/${repository}/tree/${encodeURIComponent(revision)}${folder}?recursive=true`;
}

/** Where the Hub says what a model is, with its files. */
export function hubModelAddress({ repository, revision }: HubPlace, endpoint = hubEndpoint): string {
  return `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
}

/** Where a person looks at a repository. */
export const hubPageAddress = ({ kind, repository }: HubPlace, endpoint = hubEndpoint): string =>
  `${endpoint}/${kind === "datasets" ? "datasets/" : ""}${repository}`;

/**
 * What is asked first where a path is read: shown to people before anything is fetched. Null for what lies on this
 * machine. @throws Error as readHubPath does
 */
export function addressOfPath(path: string, endpoint = hubEndpoint): string | null {
  if (isWebAddress(path)) return path;
  if (!isHubPath(path)) return null;
  const place = readHubPath(path);
  // Whether a name without an ending is a folder is known to the Hub alone.
  return /\.\w+$/.test(place.path) ? hubFileAddress(place, endpoint) : hubListAddress(place, endpoint);
}
