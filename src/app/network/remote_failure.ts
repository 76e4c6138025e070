import { retryAfterMs } from "../../connection/exchange.ts";

export type RemoteProblem =
  | "refused"
  | "missing"
  | "no answer"
  | "not readable here"
  | "no ranges"
  | "changed"
  | "broken off"
  | "bad answer";

/** Why a file cannot be had. The message is one sentence for people; it names no more of an address than its place. */
export class RemoteFailure extends Error {
  override name = "RemoteFailure";

  constructor(
    readonly problem: RemoteProblem,
    message: string,
    /** 0 where there was none. */
    readonly status = 0,
    /** The Hub's own name for it (X-Error-Code), "" where it gave none. */
    readonly code = "",
  ) {
    super(message);
  }
}

/** Another attempt may help. */
export class PassingFailure extends RemoteFailure {
  constructor(
    message: string,
    status: number,
    readonly retryAfterMs: number | null,
  ) {
    super("refused", message, status);
  }
}

const mayPass = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** An address as it may be shown: what stands behind "?" may be a signature. */
export const shownAddress = (address: string): string => address.replace(/[?#].*$/s, "");

export const noAnswer = (host: string, message: string): RemoteFailure =>
  new RemoteFailure("no answer", `No answer from ${host} (${message}); check the network and the address`);

export const brokenOff = (address: string, message = "it ended too early"): RemoteFailure =>
  new RemoteFailure(
    "broken off",
    `The answer of ${shownAddress(address)} broke off again and again (${message}); check the network and try again`,
  );

/** Why an answer holds no file. Its body is not read. */
export async function refusal(address: string, response: Response): Promise<RemoteFailure> {
  await response.body?.cancel();
  const { status, headers } = response;
  const shown = shownAddress(address);
  if (mayPass(status))
    return new PassingFailure(
      status === 429
        ? `The server of ${shown} asks for fewer requests (429); wait some minutes and try again`
        : `The server of ${shown} failed (${status}); try again later`,
      status,
      retryAfterMs(headers.get("retry-after")),
    );
  const code = headers.get("x-error-code") ?? "";
  if (status === 404 || status === 410)
    return new RemoteFailure("missing", `There is no ${shown} (${status}); check the address`, status, code);
  return new RemoteFailure(
    "refused",
    status === 401 || status === 403
      ? `The server refuses ${shown} (${status}); it asks for a login, download the file and open it from disk`
      : `Expected a file at ${shown}, found the answer ${status} ${response.statusText}`.trim(),
    status,
    code,
  );
}
