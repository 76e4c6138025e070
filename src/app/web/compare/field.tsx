import type { ComponentChildren } from "preact";

/** A label with what it is for. */
export const Field = ({ id, label, children }: { id: string; label: string; children: ComponentChildren }) => (
  <div class="row">
    <label for={id}>{label}</label>
    {children}
  </div>
);
