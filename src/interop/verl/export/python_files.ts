import check from "../python/check.py" with { type: "text" };
import reward from "../python/reward.py" with { type: "text" };
import packageInit from "../python/saccade_verl/__init__.py" with { type: "text" };
import agentLoop from "../python/saccade_verl/agent_loop.py" with { type: "text" };
import dataset from "../python/saccade_verl/dataset.py" with { type: "text" };
import judge from "../python/saccade_verl/judge.py" with { type: "text" };
import pictures from "../python/saccade_verl/pictures.py" with { type: "text" };
import responses from "../python/saccade_verl/responses.py" with { type: "text" };
import rewards from "../python/saccade_verl/rewards.py" with { type: "text" };
import rulesInit from "../python/saccade_verl/rules/__init__.py" with { type: "text" };
import answerText from "../python/saccade_verl/rules/answer_text.py" with { type: "text" };
import decide from "../python/saccade_verl/rules/decide.py" with { type: "text" };
import javascript from "../python/saccade_verl/rules/javascript.py" with { type: "text" };
import number from "../python/saccade_verl/rules/number.py" with { type: "text" };
import numberWords from "../python/saccade_verl/rules/number_words.py" with { type: "text" };
import numeral from "../python/saccade_verl/rules/numeral.py" with { type: "text" };
import quantity from "../python/saccade_verl/rules/quantity.py" with { type: "text" };
import rational from "../python/saccade_verl/rules/rational.py" with { type: "text" };
import units from "../python/saccade_verl/rules/units.py" with { type: "text" };
import settings from "../python/saccade_verl/settings.py" with { type: "text" };
import texts from "../python/saccade_verl/texts.py" with { type: "text" };
import tools from "../python/saccade_verl/tools.py" with { type: "text" };
import turns from "../python/saccade_verl/turns.py" with { type: "text" };
import zoom from "../python/saccade_verl/zoom.py" with { type: "text" };

/** What runs under verl, by its path in the exported folder. */
export const pythonFiles: Readonly<Record<string, string>> = {
  "check.py": check,
  "reward.py": reward,
  "saccade_verl/__init__.py": packageInit,
  "saccade_verl/agent_loop.py": agentLoop,
  "saccade_verl/dataset.py": dataset,
  "saccade_verl/judge.py": judge,
  "saccade_verl/pictures.py": pictures,
  "saccade_verl/responses.py": responses,
  "saccade_verl/rewards.py": rewards,
  "saccade_verl/rules/__init__.py": rulesInit,
  "saccade_verl/rules/answer_text.py": answerText,
  "saccade_verl/rules/decide.py": decide,
  "saccade_verl/rules/javascript.py": javascript,
  "saccade_verl/rules/number.py": number,
  "saccade_verl/rules/number_words.py": numberWords,
  "saccade_verl/rules/numeral.py": numeral,
  "saccade_verl/rules/quantity.py": quantity,
  "saccade_verl/rules/rational.py": rational,
  "saccade_verl/rules/units.py": units,
  "saccade_verl/settings.py": settings,
  "saccade_verl/texts.py": texts,
  "saccade_verl/tools.py": tools,
  "saccade_verl/turns.py": turns,
  "saccade_verl/zoom.py": zoom,
};
