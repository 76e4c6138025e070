import { type Signal, signal } from "@preact/signals";

/** Something that a person should read: one sentence, and what can be done about it. */
export interface Notice {
  id: number;
  kind: "error" | "information";
  sentence: string;
  action?: { label: string; run(): void };
  /** What it is about; it is removed when that is over. */
  about?: "storage" | "shown run" | "run done";
}

/** Sentences on the page until someone dismisses them; the same sentence stands there once. */
export class Notices {
  readonly list: Signal<readonly Notice[]> = signal([]);
  #count = 0;

  add(kind: Notice["kind"], sentence: string, more: Pick<Notice, "action" | "about"> = {}): void {
    if (this.list.value.some((notice) => notice.sentence === sentence)) return;
    this.list.value = [...this.list.value, { id: ++this.#count, kind, sentence, ...more }];
  }

  /** Shows an error of any origin; one that says nothing gets a sentence that says what to do. */
  error(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.add(
      "error",
      message.trim() || "The run stopped without saying why; reload the page to go on from the last checkpoint",
    );
  }

  /** Takes away what has been done: sentences that ask for it. */
  settle(asks: RegExp): void {
    this.list.value = this.list.value.filter(({ sentence }) => !asks.test(sentence));
  }

  dismiss(id: number): void {
    this.list.value = this.list.value.filter((notice) => notice.id !== id);
  }

  dismissAbout(about: Notice["about"]): void {
    this.list.value = this.list.value.filter((notice) => notice.about !== about);
  }
}
