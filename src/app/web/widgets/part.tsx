import type { ComponentChildren } from "preact";
import type { PartName } from "../labels/parts.ts";

/** A part of the page that a lesson may hide. It has no box of its own. */
export const Part = ({ name, children }: { name: PartName; children: ComponentChildren }) => (
  <div class="part" data-part={name}>
    {children}
  </div>
);
