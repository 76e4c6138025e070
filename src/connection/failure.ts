/** Why no reply could be had from a server. */
export type FailureKind =
  | "no_answer"
  | "timeout"
  | "unauthorized"
  | "not_found"
  | "bad_request"
  | "rate_limited"
  | "server_error"
  | "redirect"
  | "too_large"
  | "not_json"
  | "no_text"
  | "cut_off"
  | "refused"
  | "unparsable"
  | "budget"
  | "aborted";

/** What another try may fix: the network, a busy server, a reply cut off or mangled on its way. */
const transient: readonly FailureKind[] = [
  "no_answer",
  "timeout",
  "rate_limited",
  "server_error",
  "too_large",
  "not_json",
  "no_text",
];

/** Failures that every question would meet: the key, the address, the model. */
const permanent: readonly FailureKind[] = ["unauthorized", "not_found"];

/** A question without a usable reply; the message is one sentence for people and never holds the key. */
export class ServerFailure extends Error {
  readonly kind: FailureKind;
  /** From Retry-After, null where the server did not send it. */
  readonly retryAfterMs: number | null;
  /** What the model had said where it was cut off, or the server where it refused. */
  said: string | null = null;
  /** As in HTTP, where the failure is an answer with one. */
  status: number | null = null;
  /** The field of the request that the server names as one that it does not take. */
  param: string | null = null;

  constructor(kind: FailureKind, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.name = "ServerFailure";
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }

  get isTransient(): boolean {
    return transient.includes(this.kind);
  }

  /** The server answered, but its reply cannot be used. */
  get isReply(): boolean {
    return this.kind === "cut_off" || this.kind === "refused" || this.kind === "no_text";
  }

  /** Every further question would fail too: a run should stop rather than go on without replies. */
  get isPermanent(): boolean {
    return permanent.includes(this.kind);
  }
}
