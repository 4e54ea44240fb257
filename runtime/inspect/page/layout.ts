/** Which views are on the screen, and where: three panes, of which the viewer can make one fill the page. */
import { effect, signal } from '@preact/signals';

const viewNames = ['cluster', 'chart', 'state', 'space-time', 'requests', 'history'] as const;
export type ViewName = (typeof viewNames)[number];
export type Pane = 'first' | 'second' | 'below';

export const titles: Readonly<Record<ViewName, string>> = {
  cluster: 'Cluster',
  chart: 'Statechart',
  state: 'State',
  'space-time': 'Space and time',
  requests: 'Requests',
  history: 'History',
};

export const panes: Readonly<Record<Pane, readonly ViewName[]>> = {
  first: ['cluster'],
  second: ['chart', 'state'],
  below: ['space-time', 'requests', 'history'],
};

export const shown = signal<Readonly<Record<Pane, ViewName>>>({
  first: 'cluster',
  second: 'chart',
  below: 'space-time',
});
/** The pane that fills the page; null: all are there. */
export const filling = signal<Pane | null>(null);
export type Theme = 'light' | 'dark' | 'system';
export const theme = signal<Theme>('system');

const paneOf = (view: ViewName): Pane =>
  (Object.keys(panes) as Pane[]).find((pane) => panes[pane].includes(view)) ?? 'first'; // its keys

/** Brings a view to the front of its pane. */
export function show(view: ViewName): void {
  const pane = paneOf(view);
  shown.value = { ...shown.value, [pane]: view };
  if (filling.value !== null && filling.value !== pane) filling.value = null;
}

/** Puts the theme on the page, and keeps it there through reloads. */
export function keepTheme(): void {
  const kept = localStorage.getItem('chorale-theme');
  if (kept === 'light' || kept === 'dark') theme.value = kept;
  effect(() => {
    const { dataset } = document.documentElement;
    if (theme.value === 'system') delete dataset.theme;
    else dataset.theme = theme.value;
    localStorage.setItem('chorale-theme', theme.value);
  });
}

export const sides = [
  ['scenes', 'Scenes'],
  ['act', 'Act'],
  ['setup', 'Set up'],
] as const;
/** What the panel at the left is for. */
export const side = signal<(typeof sides)[number][0]>('scenes');
