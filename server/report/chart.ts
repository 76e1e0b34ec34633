/** A chart over time, in the units of its own data. Null values are gaps. */
export interface Chart {
  /** What it shows, for readers who do not see it. */
  label: string;
  /** Seconds since the rollout began, ascending. */
  t: readonly number[];
  lines: readonly ChartLine[];
  /** Where each stage begins. */
  stages: readonly { t: number; name: string }[];
  /** A moment to point out, such as the stop. */
  stop: { t: number; name: string } | null;
  /** The lowest value is 0 at most. */
  fromZero: boolean;
  amount: (value: number) => string;
  time: (t: number) => string;
}

export interface ChartLine {
  /** Class of the stroke in the page's style. */
  kind: 'baseline' | 'canary' | 'soft' | 'hard' | 'evidence' | 'threshold';
  values: readonly (number | null)[];
}

export interface Size {
  width: number;
  height: number;
}

const MARGIN = { left: 58, right: 12, top: 26, bottom: 26 };
const CHARACTER = 6.6;
/** Beyond this multiple of everything else a margin would flatten what it is drawn beside. */
const FAR = 3;

interface Scale {
  x: (t: number) => number;
  y: (value: number) => number;
  ticks: readonly number[];
}

/** One chart as SVG, without scripts and with every text escaped. */
export function chartSvg(chart: Chart, { width, height }: Size): string {
  const scale = scaleOf(chart, { width, height });
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const grid = scale.ticks.map((tick) => {
    const y = round(scale.y(tick));
    return `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${y}" y2="${y}"/><text class="tick" x="${MARGIN.left - 6}" y="${y + 4}" text-anchor="end">${escapeText(chart.amount(tick))}</text>`;
  });
  const lines = chart.lines.map(({ kind, values }) => {
    const d = pathOf(chart.t, values, scale);
    return d === '' ? '' : `<path class="line ${kind}" d="${d}"/>`;
  });
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(chart.label)}" xmlns="http://www.w3.org/2000/svg">`,
    ...grid,
    ...stageMarks(chart, scale, { right, bottom }),
    ...timeTicks(chart, scale, { right, bottom }),
    ...lines,
    ...stopMark(chart, scale, { right, bottom }),
    '</svg>',
  ].join('');
}

function scaleOf(chart: Chart, { width, height }: Size): Scale {
  const [first, last] = [chart.t[0] ?? 0, chart.t.at(-1) ?? 1];
  const span = last > first ? last - first : 1;
  const [low, high] = rangeOf(chart);
  const ticks = ticksOf(low, high);
  const bottom = Math.min(low, ticks[0] ?? low);
  const top = Math.max(high, ticks.at(-1) ?? high);
  const plot = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  return {
    x: (t) => MARGIN.left + (Math.min(span, Math.max(0, t - first)) / span) * plot.width,
    y: (value) =>
      MARGIN.top + (1 - (Math.min(top, Math.max(bottom, value)) - bottom) / (top - bottom)) * plot.height,
    ticks,
  };
}

function rangeOf({ lines, fromZero }: Chart): [number, number] {
  const of = (kinds: readonly ChartLine['kind'][]) =>
    lines.flatMap(({ kind, values }) =>
      kinds.includes(kind) ? values.filter((value) => value !== null && Number.isFinite(value)) : [],
    ) as number[];
  const seen = of(['baseline', 'canary', 'evidence', 'soft', 'threshold']);
  let low = Math.min(...seen, fromZero ? 0 : Number.POSITIVE_INFINITY);
  let high = Math.max(...seen, fromZero ? 0 : Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const size = Math.max(high - low, 1e-9);
  for (const value of of(['hard'])) {
    if (value > high && value - low <= FAR * size) high = value;
    if (value < low && high - value <= FAR * size) low = value;
  }
  if (high > low) return [low, high];
  const around = Math.abs(high) * 0.1 || 1;
  return [fromZero ? Math.min(0, low) : low - around, high + around];
}

/** Three to six round values that cover the range. */
function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 10 * power;
  const ticks: number[] = [];
  for (let k = Math.floor(low / step + 1e-9); k <= Math.ceil(high / step - 1e-9); k++) ticks.push(k * step);
  return ticks;
}

/** Broken where a value is missing; a value alone is a dot of a round cap. */
function pathOf(t: readonly number[], values: readonly (number | null)[], { x, y }: Scale): string {
  let d = '';
  let open = false;
  values.forEach((value, i) => {
    const at = t[i];
    if (value === null || !Number.isFinite(value) || at === undefined) {
      open = false;
      return;
    }
    const point = `${round(x(at))} ${round(y(value))}`;
    d += open ? `L${point}` : `M${point}h0`;
    open = true;
  });
  return d;
}

interface Edges {
  right: number;
  bottom: number;
}

function stageMarks({ stages }: Chart, { x }: Scale, { right, bottom }: Edges): string[] {
  return stages.flatMap(({ t, name }, i) => {
    const from = round(x(t));
    const next = stages[i + 1];
    const room = (next === undefined ? right : x(next.t)) - from - 6;
    const fits = Math.floor(room / CHARACTER);
    const text = name.length <= fits ? name : fits >= 3 ? `${name.slice(0, fits - 1)}…` : '';
    return [
      `<line class="stage" x1="${from}" x2="${from}" y1="${MARGIN.top - 14}" y2="${bottom}"/>`,
      text === ''
        ? ''
        : `<text class="tick" x="${from + 4}" y="${MARGIN.top - 6}">${escapeText(text)}</text>`,
    ];
  });
}

function timeTicks(chart: Chart, { x }: Scale, { right, bottom }: Edges): string[] {
  const [first, last] = [chart.t[0], chart.t.at(-1)];
  if (first === undefined || last === undefined) return [];
  const middle = (first + last) / 2;
  const at = [
    { t: first, anchor: 'start' },
    { t: middle, anchor: 'middle' },
    { t: last, anchor: 'end' },
  ];
  return at.map(
    ({ t, anchor }) =>
      `<text class="tick" x="${Math.min(right, round(x(t)))}" y="${bottom + 17}" text-anchor="${anchor}">${escapeText(chart.time(t))}</text>`,
  );
}

function stopMark({ stop }: Chart, { x }: Scale, { right, bottom }: Edges): string[] {
  if (stop === null) return [];
  const at = Math.min(right, round(x(stop.t)));
  return [
    `<line class="stop" x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${bottom}"/>`,
    `<text class="stop-name" x="${at - 5}" y="${MARGIN.top + 12}" text-anchor="end">${escapeText(stop.name)}</text>`,
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** For text and attributes of SVG and HTML. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
