/** The page's colours as a canvas and a file can use them: light and dark ones resolved. */
import { signal } from '@preact/signals';
import type { Palette } from './canvas-pen.js';
import type { Colour } from './pen.js';

const names = {
  ground: true,
  raised: true,
  sunken: true,
  line: true,
  accent: true,
  good: true,
  warning: true,
  faint: true,
  text: true,
  bad: true,
  'phase-re': true,
  'phase-sc': true,
  'phase-ex': true,
  'phase-ac': true,
  'phase-end': true,
  'category-0': true,
  'category-1': true,
  'category-2': true,
  'category-3': true,
  'category-4': true,
  'category-5': true,
  'category-6': true,
  'category-7': true,
} satisfies Record<Colour, true>;

/** Goes up when the page changes between light and dark. */
export const themes = signal(0);

export function paletteOf(element: HTMLElement): Palette {
  const probe = element.appendChild(document.createElement('span'));
  const colours = Object.keys(names).map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colours) as Palette; // of the same keys
}

/** Tells of changes of the theme, be it by the system or by the page. */
export function watchTheme(): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const changed = (): void => {
    themes.value += 1;
  };
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  query.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    query.removeEventListener('change', changed);
  };
}
