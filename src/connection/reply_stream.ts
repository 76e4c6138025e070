/**
 * What a server sent, as one JSON value. Some servers send streams unasked (server-sent events, or a JSON value
 * a line), comments to keep a connection open (": OPENROUTER PROCESSING") and byte order marks; undefined where it is
 * none of that.
 */
export function readReplyBody(text: string): unknown {
  const plain = text.replace(/^[\ufeff\s\0]+/, "").trimEnd();
  const whole = parse(plain);
  if (whole !== undefined) return Array.isArray(whole) && whole.length === 1 ? whole[0] : whole;
  const lines = plain.split(/\r\n|\n|\r/);
  const withoutComments = lines.filter((line) => !line.startsWith(":"));
  const isStream = withoutComments.some((line) => /^data:/.test(line));
  if (!isStream) {
    const rest = parse(withoutComments.join("\n"));
    if (rest !== undefined) return rest;
  }
  const pieces = isStream ? eventsOf(withoutComments) : withoutComments.filter((line) => line.trim() !== "");
  const ended = pieces.some((piece) => piece.trim() === "[DONE]");
  const values = pieces.filter((piece) => piece.trim() !== "[DONE]").map(parse);
  // A piece that is not JSON: the stream broke off, or it is other text.
  const whole_ = values.filter((value) => value !== undefined);
  if (whole_.length === 0 || (!isStream && whole_.length < values.length)) return undefined;
  return joined(whole_ as Piece[], ended && whole_.length === values.length);
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Characters of an event whose lines are put together; none of a reply's is longer. */
const mostJoined = 65_536;

/** The data of server-sent events; an event's lines stand together, an empty line ends it. */
function eventsOf(lines: readonly string[]): string[] {
  const events: string[] = [];
  let open = false;
  for (const line of [...lines, ""]) {
    if (line.trim() === "") open = false;
    const data = /^data: ?(.*)$/.exec(line)?.[1];
    if (data === undefined) continue;
    // Servers that leave out the empty line put one JSON value on each line.
    const last = events.at(-1);
    if (open && last !== undefined && last.length < mostJoined && parse(last) === undefined)
      events[events.length - 1] = `${last}\n${data}`;
    else events.push(data);
    open = true;
  }
  return events;
}

interface Piece {
  error?: unknown;
  choices?: { delta?: Said; message?: Said; text?: unknown; finish_reason?: unknown; error?: unknown }[];
  /** Ollama's own form. */
  message?: Said;
  done?: boolean;
  done_reason?: unknown;
  usage?: unknown;
}

interface Said {
  content?: unknown;
  refusal?: unknown;
  reasoning_content?: unknown;
  reasoning?: unknown;
}

/** Pieces of a stream as the one completion that they make up. */
function joined(pieces: readonly Piece[], ended: boolean): unknown {
  const failed = pieces.find((piece) => piece?.error);
  if (failed) return failed;
  const content: unknown[] = [];
  let [refusal, thought] = ["", ""];
  let finish: unknown = null;
  let error: unknown;
  let isChat = false;
  for (const piece of pieces) {
    const choice = piece?.choices?.[0] ?? (piece?.message ? { message: piece.message } : undefined);
    if (piece?.done) finish ??= piece.done_reason ?? "stop";
    if (!choice) continue;
    isChat = true;
    // One that holds the whole message repeats the pieces before it.
    if (choice.message && piece.choices) content.length = 0;
    const said = choice.delta ?? choice.message ?? { content: choice.text };
    if (said.content !== undefined && said.content !== null) content.push(said.content);
    if (typeof said.refusal === "string") refusal += said.refusal;
    const more = said.reasoning_content ?? said.reasoning;
    if (typeof more === "string") thought += more;
    if (choice.finish_reason !== undefined && choice.finish_reason !== null) finish = choice.finish_reason;
    error ??= choice.error;
  }
  if (!isChat) return pieces.length === 1 ? pieces[0] : undefined;
  const text = content.every((part) => typeof part === "string") ? content.join("") : content.flat();
  const message = {
    content: content.length === 0 ? null : text,
    refusal: refusal || null,
    reasoning_content: thought || null,
  };
  // It comes once, with the last piece or by itself behind it.
  const usage = pieces.findLast((piece) => piece?.usage)?.usage;
  return {
    ...(usage !== undefined && { usage }),
    choices: [{ message, finish_reason: finish ?? (ended ? "stop" : "a stream that broke off"), error }],
  };
}
