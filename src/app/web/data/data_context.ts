import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { insidePage } from "../run/page_context.ts";
import type { DataControl } from "./data_control.ts";

export const DataContext = createContext<DataControl | null>(null);

/** The data that is looked at. */
export const useData = (): DataControl => insidePage(useContext(DataContext));
