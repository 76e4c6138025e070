import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { insidePage } from "../run/page_context.ts";
import type { JudgeControl } from "./judge_control.ts";
import type { RejudgeControl } from "./rejudge_control.ts";

export const JudgeContext = createContext<JudgeControl | null>(null);
export const RejudgeContext = createContext<RejudgeControl | null>(null);

/** The judge of the settings: its key, tests and audits. */
export const useJudge = (): JudgeControl => insidePage(useContext(JudgeContext));

/** The stored run that is judged again. */
export const useRejudge = (): RejudgeControl => insidePage(useContext(RejudgeContext));
