import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const themes: readonly Theme[] = ["system", "light", "dark"];
const name = "fader-theme";

export const theme = signal<Theme>(remembered());

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  try {
    localStorage.setItem(name, theme.value);
  } catch {
    // A page that may not keep anything still has a theme.
  }
});

export function cycleTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length]!;
}

function remembered(): Theme {
  try {
    const value = localStorage.getItem(name) as Theme;
    return themes.includes(value) ? value : "system";
  } catch {
    return "system";
  }
}
