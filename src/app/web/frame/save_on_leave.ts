import type { RunControl } from "../run/run_control.ts";

/**
 * Saves the run when the page is left: hidden (the last event on a phone), or closed, where its worker is seldom given
 * the time. A checkpoint that is not written in time is as if it had not been begun: the one before stays, and the log is
 * whole up to the last step in any case.
 */
export function saveOnLeave(control: RunControl): void {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") void control.save();
  });
  addEventListener("pagehide", () => void control.save());
}
