import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AwayControl } from "./away_control.ts";

interface Loaded {
  away: AwayControl;
  Card: ComponentType<{ away: AwayControl }>;
}

/** Folded: what happens while nobody looks at the page. Its content is fetched when it is opened. */
export function AwayPanel({ control }: { control(): Promise<AwayControl> }) {
  const [open, setOpen] = useState(false);
  const [loaded, setLoaded] = useState<Loaded | { problem: string } | null>(null);
  useEffect(() => {
    if (!open || loaded !== null) return;
    Promise.all([control(), import("./away_card.tsx")]).then(
      ([away, { AwayCard }]) => setLoaded({ away, Card: AwayCard }),
      (error: Error) => setLoaded({ problem: error.message }),
    );
  }, [open, loaded, control]);
  return (
    <details class="card" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>While you are away</b> hidden tab, screen, offline
      </summary>
      {loaded !== null && "Card" in loaded && <loaded.Card away={loaded.away} />}
      {loaded !== null && "problem" in loaded && (
        <p class="problem small" role="alert">
          This part could not be fetched ({loaded.problem}); reload the page.
        </p>
      )}
    </details>
  );
}
