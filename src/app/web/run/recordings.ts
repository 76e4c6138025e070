import { isGzip } from "../browser/events_file.ts";

/** A recorded run that comes with the page. */
export interface Recording {
  /** How a link names it. */
  link: string;
  title: string;
  /** Device, date and command, and what is left out. */
  about: string;
  /** Gzip'ed events, beside the page. */
  file: string;
}

export const recordings: readonly Recording[] = [
  {
    link: "recording/needle",
    title: "Needle, seed 0",
    about:
      "NVIDIA H100, 24 November 2026, “npm run saccade -- train --preset needle --seed 0”. The curves have all 100 steps, rollouts are kept of 16 of them",
    file: "recorded/needle.jsonl.gz",
  },
];

/** No recording comes near it. */
const mostUnpackedBytes = 2 ** 28;

/** Text of a file beside the page. Servers may send a .gz as it is or as the encoding of what it holds. */
export async function fetchRecording({ file, title }: Pick<Recording, "file" | "title">): Promise<string> {
  const answer = await fetch(new URL(import.meta.env.BASE_URL + file, document.baseURI)).catch((error: Error) => {
    throw new Error(`Fetching the recording “${title}” failed (${error.message}); is the server still there?`);
  });
  // A server for pages may answer what it does not know with its start page
  if (answer.headers.get("content-type")?.startsWith("text/html"))
    throw new Error(`The recording “${title}” is not beside this page; build the page anew`);
  if (!answer.ok)
    throw new Error(
      `Fetching the recording “${title}” failed: the server answered ${answer.status} ${answer.statusText}`,
    );
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (!isGzip(bytes)) return new TextDecoder().decode(bytes);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  let length = 0;
  const bounded = unpacked.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (piece, controller) => {
        length += piece.length;
        if (length > mostUnpackedBytes) controller.error(new Error(`The recording “${title}” is not as it was made`));
        else controller.enqueue(piece);
      },
    }),
  );
  return new Response(bounded).text();
}
