const KEPT = 'tidegate:theme';
export type Theme = 'light' | 'dark';

/** What the person chose; null: what the system says. */
export function chosenTheme(): Theme | null {
  const kept = localStorage.getItem(KEPT);
  return kept === 'light' || kept === 'dark' ? kept : null;
}

export function shownTheme(): Theme {
  return chosenTheme() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
}

export function applyTheme(theme: Theme | null): void {
  if (theme === null) return;
  document.documentElement.style.colorScheme = theme;
  document.documentElement.dataset['theme'] = theme;
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEPT, theme);
  applyTheme(theme);
  dispatchEvent(new Event('tidegate:theme'));
}
