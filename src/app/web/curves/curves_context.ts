import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { insidePage } from "../run/page_context.ts";
import type { CurvesControl } from "./curves_control.ts";

export const CurvesContext = createContext<CurvesControl | null>(null);

export const useCurves = (): CurvesControl => insidePage(useContext(CurvesContext));
