import { useLayoutEffect } from "preact/hooks";
import { isWhole, lessonRules, wholePage } from "../run/lesson.ts";
import { usePage } from "../run/page_context.ts";

/** Hides what the lesson's link leaves out, says so, and leads back to the whole page. */
export function LessonNotice() {
  const { store } = usePage();
  const lesson = store.lesson.value;
  useLayoutEffect(() => {
    const rules = lessonRules(lesson);
    if (rules === "") return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    };
  }, [lesson]);
  if (isWhole(lesson)) return null;
  return (
    <div class="notice information">
      <span>This link shows a part of the page, for a lesson.</span>
      <button
        type="button"
        onClick={() => {
          store.lesson.value = wholePage;
        }}
      >
        Show the whole page
      </button>
    </div>
  );
}
