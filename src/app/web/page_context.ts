import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Pictures } from "./pictures.ts";
import type { RunControl } from "./run_control.ts";
import type { Store } from "./store.ts";
import type { TokenTexts } from "./token_texts.ts";

/** What every view may use. */
export interface PageContext {
  store: Store;
  control: RunControl;
  pictures: Pictures;
  texts: TokenTexts;
}

export const Context = createContext<PageContext | null>(null);

/** The page that a view stands in. */
export function usePage(): PageContext {
  const page = useContext(Context);
  if (!page) throw new Error("This view must stand inside the page");
  return page;
}
