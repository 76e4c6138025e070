import { type ComponentType, h } from "preact";
import { useEffect, useState } from "preact/hooks";

type View = ComponentType;

/** The lessons, which are read when they are first looked at. */
export function Learn() {
  const [loaded, setLoaded] = useState<{ View: View } | { problem: string } | null>(null);
  const missing = loaded === null;
  useEffect(() => {
    if (!missing) return;
    import("./learn_view.tsx").then(
      ({ LearnView }) => setLoaded({ View: LearnView }),
      (error: Error) => setLoaded({ problem: error.message }),
    );
  }, [missing]);
  if (loaded === null) return <p class="soft first">reading the lessons…</p>;
  if ("View" in loaded) return h(loaded.View, null);
  return (
    <p class="first problem">
      The lessons could not be read ({loaded.problem}); is the server still there?{" "}
      <button type="button" onClick={() => setLoaded(null)}>
        Try again
      </button>
    </p>
  );
}
