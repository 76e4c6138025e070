import { effect, type Signal, signal } from "@preact/signals";

export type Theme = "light" | "dark";

const key = "saccade.theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = (): Theme => (systemDark.matches ? "dark" : "light");

/** Storage may be forbidden (private windows, embedded pages); the theme then lasts as long as the page. */
function stored(): Theme | null {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

/** The theme in force: the visitor's choice, else the system's. */
export const theme: Signal<Theme> = signal(stored() ?? systemTheme());

systemDark.addEventListener("change", () => {
  if (stored() === null) theme.value = systemTheme();
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function toggleTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  try {
    if (theme.value === systemTheme()) localStorage.removeItem(key);
    else localStorage.setItem(key, theme.value);
  } catch {
    // see stored()
  }
}
