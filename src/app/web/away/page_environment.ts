import { type Engine, thisEngine } from "../browser/engine.ts";

/** What of the browser is used while nobody looks at the page; a test has its own. */
export interface PageEnvironment {
  engine: Engine;
  /** Null where the browser cannot keep a screen on. */
  requestWakeLock: (() => Promise<Pick<WakeLockSentinel, "release" | "addEventListener">>) | null;
  /** Null where the browser has no notifications for this page. */
  notifications: {
    permission(): NotificationPermission;
    ask(): Promise<NotificationPermission>;
    show(title: string, body: string): Promise<void>;
  } | null;
  isHidden(): boolean;
  /** The browser closed this tab to free memory, and has opened it again. */
  wasDiscarded: boolean;
  /** Calls back where the page is hidden, seen again, or frozen. Returns what ends that. */
  listen(on: { visibility(): void; freeze(): void }): () => void;
}

/** Of the page that this runs in. */
export function ofThisPage(): PageEnvironment {
  const { wakeLock } = navigator as { wakeLock?: WakeLock };
  return {
    engine: thisEngine(),
    requestWakeLock: wakeLock ? () => wakeLock.request("screen") : null,
    notifications: "Notification" in globalThis ? notifications : null,
    isHidden: () => document.visibilityState === "hidden",
    wasDiscarded: (document as { wasDiscarded?: boolean }).wasDiscarded === true,
    listen: ({ visibility, freeze }) => {
      document.addEventListener("visibilitychange", visibility);
      document.addEventListener("freeze", freeze);
      return () => {
        document.removeEventListener("visibilitychange", visibility);
        document.removeEventListener("freeze", freeze);
      };
    },
  };
}

/** One at a time: the last end of a run is what counts. */
const tag = "saccade-run";

const notifications: PageEnvironment["notifications"] = {
  permission: () => Notification.permission,
  ask: () => Notification.requestPermission(),
  show: async (title, body) => {
    const options = { body, tag, icon: new URL("icons/saccade-192.png", document.baseURI).href };
    try {
      const notification = new Notification(title, options);
      notification.addEventListener("click", () => {
        window.focus();
        notification.close();
      });
    } catch {
      // On phones only a service worker may show one.
      await (await navigator.serviceWorker?.getRegistration())?.showNotification(title, options);
    }
  },
};
