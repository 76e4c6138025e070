import { useEffect, useState } from "preact/hooks";
import { byteSize } from "../labels/sizes.ts";
import { usePage } from "../run/page_context.ts";
import type { RunsList } from "./runs_list.ts";

/** What the browser says of its storage; null where it does not. */
interface Storage {
  usedBytes: number | null;
  quotaBytes: number | null;
  /** Whether it keeps all until a person removes it. */
  isPersistent: boolean | null;
}

async function look(): Promise<Storage> {
  const { storage } = navigator;
  const [estimate, isPersistent] = await Promise.all([
    storage?.estimate?.().catch(() => null),
    storage?.persisted?.().catch(() => null),
  ]);
  return {
    usedBytes: estimate?.usage ?? null,
    quotaBytes: estimate?.quota ?? null,
    isPersistent: isPersistent ?? null,
  };
}

/** How much of the browser's storage is used, how much there may be, and whether it is kept. */
export function StorageCard({ list }: { list: RunsList }) {
  const { store } = usePage();
  const [found, setFound] = useState<Storage | null>(null);
  const [answer, setAnswer] = useState<string | null>(null);
  const runs = list.runs.value ?? [];
  useEffect(() => {
    void look().then(setFound);
  }, [list.runs.value, store.models.value]);
  const persist = async (): Promise<void> => {
    const granted = await navigator.storage.persist().catch(() => false);
    setAnswer(
      granted
        ? null
        : "The browser did not agree. It does once the page is a bookmark, installed, or used often; until then, save what must not be lost as a file.",
    );
    setFound(await look());
  };
  if (!found) return null;
  const ofRuns = runs.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  const { usedBytes, quotaBytes, isPersistent } = found;
  return (
    <div class="card">
      <h2>
        <b>Storage of this page in this browser</b>
      </h2>
      {usedBytes === null || quotaBytes === null ? (
        <p class="soft">This browser does not say how much is used.</p>
      ) : (
        <>
          <p>
            <b class="num">{byteSize(usedBytes)}</b> of {byteSize(quotaBytes)} in use
            {ofRuns > 0 && `; about ${byteSize(ofRuns)} of it are runs`}
            <span class="soft small">. The rest are models, fetched weights and what the browser needs itself.</span>
          </p>
          <progress class="storage" max={quotaBytes} value={usedBytes} aria-label="Storage in use" />
        </>
      )}
      {isPersistent === true && (
        <p class="small after">It is kept until you remove it: the browser was asked to, and agreed.</p>
      )}
      {isPersistent === false && (
        <p class="after">
          <span class="small">
            The browser may remove it where the disk runs full, or the page was not opened for long.
          </span>{" "}
          <button type="button" onClick={() => void persist()}>
            Ask it to keep all
          </button>
        </p>
      )}
      {answer !== null && (
        <p class="small after" role="status">
          {answer}
        </p>
      )}
    </div>
  );
}
