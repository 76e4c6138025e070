import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { readServerAddress } from "../../../connection/address.ts";
import type { Diagnosis } from "../../../reward/connection/diagnosis.ts";
import type { RunConfig } from "../../../train/knobs.ts";
import type { AuditProgress, AuditReport } from "../../worker_api/judge_api.ts";
import type { RunApi } from "../../worker_api/run_api.ts";
import type { Store } from "../run/store.ts";
import { rememberedKeys, rememberKey } from "./remembered_keys.ts";

/** What a test or an audit was asked of: another server or judge makes it stale. */
const askedOf = ({ judge, judgeUrl, judgeModel, judgeVotes }: RunConfig): string =>
  [judge, judgeUrl, judgeModel, judgeVotes].join(" ");

/** What came of a question to a judge, and whether the settings are still those that it was asked with. */
export interface Answered<T> {
  of: string;
  answer: T;
}

/** The page's half of everything about judges: the key, the test of the connection, the audit. */
export class JudgeControl {
  /** Where the configuration's judge is; null where it names none, or what it names is not an address. */
  readonly origin: ReadonlySignal<string | null>;
  readonly remembered: Signal<boolean> = signal(false);
  readonly testing: Signal<boolean> = signal(false);
  readonly tested: Signal<Answered<Diagnosis> | null> = signal(null);
  readonly auditing: Signal<AuditProgress | null> = signal(null);
  readonly audited: Signal<Answered<AuditReport> | null> = signal(null);
  /** Why the last test or audit could not be made. */
  readonly problem: Signal<string | null> = signal(null);
  readonly asked: ReadonlySignal<string>;
  readonly #api: RunApi;
  readonly #store: Store;
  /** Entered in this page, by origin. */
  readonly #keys: Signal<ReadonlyMap<string, string>> = signal(new Map(rememberedKeys()));
  #stopped = false;

  constructor(api: RunApi, store: Store) {
    this.#api = api;
    this.#store = store;
    this.origin = computed(() => originOf(store.config.value.judgeUrl));
    this.asked = computed(() => askedOf(store.config.value));
    effect(() => {
      this.remembered.value = rememberedKeys().some(([origin]) => origin === this.origin.value);
    });
    for (const [origin, key] of this.#keys.peek()) void this.#send(key, origin);
  }

  /** The key of the judge's origin, for the field where it is entered; empty where there is none. */
  get key(): string {
    return this.#keys.value.get(this.origin.value ?? "") ?? "";
  }

  setKey(key: string): void {
    const origin = this.origin.peek();
    if (origin === null) return;
    const keys = new Map(this.#keys.peek());
    if (key === "") keys.delete(origin);
    else keys.set(origin, key);
    this.#keys.value = keys;
    void this.#send(key, origin);
    if (this.remembered.peek()) rememberKey(key, origin);
  }

  /** Gives the keys of this page to another worker of it. */
  async handTo(api: Pick<RunApi, "judge">): Promise<void> {
    for (const [origin, key] of this.#keys.peek()) await api.judge.setKey(key, origin);
  }

  /** Whether the key outlives this page. Returns whether it does. */
  remember(on: boolean): boolean {
    const origin = this.origin.peek();
    if (origin === null) return false;
    this.remembered.value = rememberKey(on ? this.key : null, origin) && on;
    if (on && !this.remembered.value)
      this.#store.notices.add("error", "The browser does not let this page keep the key; it lasts as long as the page");
    return this.remembered.peek();
  }

  async test(): Promise<void> {
    if (this.testing.peek()) return;
    this.testing.value = true;
    this.tested.value = this.problem.value = null;
    const config = this.#store.config.peek();
    try {
      this.tested.value = { of: askedOf(config), answer: await this.#api.judge.test(config) };
    } catch (error) {
      this.problem.value = (error as Error).message;
    } finally {
      this.testing.value = false;
    }
  }

  async audit(): Promise<void> {
    if (this.auditing.peek()) return;
    this.#stopped = false;
    this.auditing.value = { done: 0, of: 1 };
    this.audited.value = this.problem.value = null;
    const config = this.#store.config.peek();
    try {
      await this.#api.judge.startAudit(config);
      while (!this.#stopped) {
        const { progress, result } = await this.#api.judge.nextAudit();
        this.auditing.value = progress;
        if (result === null) continue;
        if (!this.#stopped) this.audited.value = { of: askedOf(config), answer: result };
        break;
      }
    } catch (error) {
      if (!this.#stopped) this.problem.value = (error as Error).message;
    } finally {
      this.auditing.value = null;
    }
  }

  async stopAudit(): Promise<void> {
    this.#stopped = true;
    await this.#api.judge.stopAudit();
  }

  async #send(key: string, origin: string): Promise<void> {
    try {
      await this.#api.judge.setKey(key === "" ? null : key, origin);
    } catch (error) {
      this.#store.notices.error(error);
    }
  }
}

function originOf(url: string): string | null {
  try {
    return url.trim() === "" ? null : readServerAddress(url).origin;
  } catch {
    return null;
  }
}
