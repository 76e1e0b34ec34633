import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { clock } from '../../../plans/words.ts';

export type Look = 'baseline' | 'canary' | 'soft' | 'hard';
type Values = (number | null)[];

/** What a chart shows, without how it looks. `x` in seconds since 1970. */
export interface Drawing {
  x: number[];
  lines: { label: string; look: Look; values: Values }[];
  bands: { look: Look; low: Values; high: Values }[];
  text(value: number): string;
  fromZero: boolean;
}

const HEIGHT = 200;
const DAY_S = 86_400;

/** A chart whose numbers stand in words beside it; the pointer reads single points. */
export function Chart({ drawing, title }: { drawing: Drawing; title: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const theme = useTheme();
  const shape = drawing.lines.map(({ look }) => look).join() + drawing.bands.length;

  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const made = new uPlot(
      optionsOf(drawing, { width: current.clientWidth, point: setAt }),
      dataOf(drawing),
      current,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height: HEIGHT }));
    watcher.observe(current);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
    // New points are set below; only another set of lines or other colours need another chart.
  }, [shape, theme]);
  useEffect(() => plot.current?.setData(dataOf(drawing)), [drawing]);

  return (
    <>
      <div ref={place} className="chart" role="img" aria-label={`Chart: ${title}`} />
      <p className="readout" aria-hidden="true">
        {at === null
          ? ' '
          : [
              `${clock((drawing.x[at] ?? 0) * 1000)} UTC`,
              ...drawing.lines.flatMap(({ label, values }) => {
                const value = values[at];
                return value == null ? [] : [`${label} ${drawing.text(value)}`];
              }),
            ].join(' · ')}
      </p>
    </>
  );
}

function dataOf({ x, lines, bands }: Drawing): uPlot.AlignedData {
  return [x, ...bands.flatMap(({ high, low }) => [high, low]), ...lines.map(({ values }) => values)];
}

function optionsOf(
  drawing: Drawing,
  given: { width: number; point(at: number | null): void },
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const resolved = (look: string, alpha = '') => `${resolve(colour(`--chart-${look}`))}${alpha}`;
  const axis = {
    stroke: resolve(colour('--quiet')),
    grid: { stroke: resolve(colour('--line')), width: 1 },
    ticks: { show: false },
  };
  return {
    width: given.width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      y: {
        range: () => rangeOf(drawing),
      },
    },
    axes: [
      {
        ...axis,
        size: 32,
        values: (_plot, splits) => timesOf(splits, (drawing.x.at(-1) ?? 0) - (drawing.x[0] ?? 0)),
      },
      { ...axis, size: 64, values: (_plot, splits) => splits.map((value) => drawing.text(value)) },
    ],
    series: [
      {},
      ...drawing.bands.flatMap(() => [
        { stroke: 'transparent', points: { show: false } },
        { stroke: 'transparent', points: { show: false } },
      ]),
      ...drawing.lines.map(({ look }) => ({
        stroke: resolved(look),
        width: look === 'canary' ? 2.5 : 1.5,
        points: { show: false },
        ...(look === 'soft' || look === 'hard' ? { dash: look === 'soft' ? [3, 4] : [8, 4] } : {}),
      })),
    ],
    bands: drawing.bands.map(({ look }, i) => ({
      series: [2 * i + 1, 2 * i + 2] as [number, number],
      fill: resolved(look, '30'),
    })),
    hooks: { setCursor: [({ cursor }) => given.point(cursor.idx ?? null)] },
  };
}

/** By the lines: a band of a stage's first looks is so wide that nothing else could be seen, so it is cut off. */
function rangeOf({ lines, fromZero }: Drawing): [number, number] {
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const low = Math.min(...all, fromZero ? 0 : Number.POSITIVE_INFINITY);
  const high = Math.max(...all);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * 0.25;
  return [fromZero && low >= 0 ? 0 : low - room, high + room];
}

/** In UTC, as the journal, so that two readers see the same time. */
function timesOf(splits: readonly number[], longest: number): string[] {
  return splits.map((at) => {
    const text = new Date(at * 1000).toISOString();
    return longest > DAY_S ? `${text.slice(5, 10)} ${text.slice(11, 13)}h` : text.slice(11, 16);
  });
}

/** `light-dark()` as the one colour that is meant now, in the form that a canvas takes. */
function resolve(text: string): string {
  const [, light, dark] = /^light-dark\((.*?),\s*(.*?)\)$/.exec(text) ?? [];
  if (light === undefined || dark === undefined) return text;
  return isDark() ? dark : light;
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
}

/** Changes with light and dark, since a canvas keeps the colours that it was drawn in. */
function useTheme(): string {
  const [theme, setTheme] = useState(isDark);
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setTheme(isDark());
    system.addEventListener('change', changed);
    addEventListener('tidegate:theme', changed);
    return () => {
      system.removeEventListener('change', changed);
      removeEventListener('tidegate:theme', changed);
    };
  }, []);
  return theme ? 'dark' : 'light';
}
