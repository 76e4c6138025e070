import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Draws its children a task later than what is around them, so that a large view is not one long task of the page. */
export function InNextTask({ children }: { children: ComponentChildren }) {
  const [isDue, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true));
    return () => clearTimeout(timer);
  }, []);
  return isDue ? <>{children}</> : null;
}
