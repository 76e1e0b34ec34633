import { type Assessment, isJudged, type MetricAssessment } from '../../plans/assessment.ts';
import { partName } from '../../plans/slices.ts';
import { sureness, sureText } from '../../plans/standing-words.ts';
import type { Live } from '../../server/api.ts';
import { type Ink, padEnd, padStart, type Tone, widthOf } from './ink.ts';
import { estimate, latency, plain, plainEstimate, points, rate, signed } from './words.ts';

export { sureness } from '../../plans/standing-words.ts';

/** Of which kind each metric is. */
type Kinds = Live['kinds'];

/** `█████░░░░░` in `cells` columns. A little evidence is never shown as none, nor almost all as all. */
export function bar(share: number, cells: number): string {
  const exact = share * cells;
  const full = share >= 1 ? cells : Math.min(cells - 1, share > 0 ? Math.max(1, Math.floor(exact)) : 0);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

/** `how sure  ████░░░░░░  43 % of what a stop needs`. */
export function howSure(assessment: Pick<Assessment, 'lnE' | 'threshold'>, cells: number, ink: Ink): string {
  const share = sureness(assessment.lnE, assessment.threshold);
  const tone = toneOf(share);
  const words = sureText(assessment);
  return `${ink(tone, bar(share, cells))}  ${words}`;
}

function toneOf(share: number): Tone {
  if (share >= 1) return 'bad';
  return share >= 0.5 ? 'warn' : 'good';
}

const VERDICTS: Record<MetricAssessment['verdict'], { text: string; tone: Tone }> = {
  pass: { text: 'pass', tone: 'good' },
  hold: { text: 'hold', tone: 'dim' },
  soft: { text: 'SOFT', tone: 'warn' },
  hard: { text: 'HARD', tone: 'bad' },
  'no-data': { text: 'no data', tone: 'warn' },
};

export function verdict(of: MetricAssessment['verdict'], ink: Ink): string {
  const { text, tone } = VERDICTS[of];
  return ink(tone, text);
}

interface Column {
  title: string;
  /** Dropped first where the width does not suffice; 0 is never dropped. */
  spare: number;
  right: boolean;
  cell: (metric: MetricAssessment) => string;
}

/**
 * How much worse the canary may be, in the metric's own direction: fewer orders are worse, more errors are. For
 * latency it is the share of requests that are slower than the baseline's edges.
 */
function acceptable(metric: MetricAssessment, kinds: Kinds): string {
  const margin = metric.soft ?? metric.hard;
  if (margin === null) return '–';
  return `${margin < 0 ? '≥' : '≤'} ${hasUnit(metric, kinds) ? signed(margin) : points(margin)}`;
}

/** True for values that are neither rates nor seconds. */
function hasUnit({ metric }: MetricAssessment, kinds: Kinds): boolean {
  return kinds[metric] === 'mean' || kinds[metric] === 'gauge';
}

function columns(assessment: Assessment, kinds: Kinds, ink: Ink): Column[] {
  const value = (metric: MetricAssessment, of: number | null) => {
    if (hasUnit(metric, kinds)) return plain(of);
    return kinds[metric.metric] === 'latency' ? latency(of) : rate(of);
  };
  // A metric's share of the evidence counts by its weight; alone it says how sure that metric is.
  const sure = (metric: MetricAssessment) => sureness(metric.lnE, assessment.threshold);
  const compared = assessment.compared ?? true;
  // What stages before have against the canary still stops it where nothing is compared.
  const isShown = (metric: MetricAssessment) =>
    compared || metric.verdict === 'soft' || metric.verdict === 'hard';
  return [
    { title: 'metric', spare: 0, right: false, cell: (m) => partName(m) },
    { title: 'baseline', spare: 0.5, right: true, cell: (m) => value(m, m.baseline) },
    { title: 'canary', spare: 0.25, right: true, cell: (m) => value(m, m.canary) },
    {
      title: 'difference',
      spare: 0,
      right: true,
      cell: (m) =>
        !isShown(m)
          ? 'not compared'
          : hasUnit(m, kinds)
            ? plainEstimate(m.estimate, m.standardError)
            : estimate(m.estimate, m.standardError) + (kinds[m.metric] === 'latency' ? ' slow' : ''),
    },
    { title: 'acceptable', spare: 1, right: true, cell: (m) => (isShown(m) ? acceptable(m, kinds) : '–') },
    { title: '', spare: 3, right: false, cell: (m) => ink(toneOf(sure(m)), bar(sure(m), 10)) },
    { title: 'sure', spare: 2, right: true, cell: (m) => `${Math.round(sure(m) * 100)} %` },
    {
      title: 'verdict',
      spare: 0,
      right: false,
      cell: (m) => (isJudged(m, compared) ? verdict(m.verdict, ink) : '–'),
    },
  ];
}

/**
 * Both cohorts side by side, a line per metric, below a line of titles. Columns that matter least are left
 * out until the table fits.
 */
export function comparison(
  assessment: Assessment,
  options: { kinds: Kinds; width: number; ink: Ink },
): string[] {
  const { ink, width } = options;
  if (assessment.metrics.length === 0) return [];
  let shown = columns(assessment, options.kinds, ink);
  const rows = assessment.metrics;
  const widths = () =>
    shown.map((column) => Math.max(widthOf(column.title), ...rows.map((r) => widthOf(column.cell(r)))));
  const total = () => widths().reduce((sum, each) => sum + each, 0) + 2 * (shown.length - 1);
  while (total() > width && shown.some((column) => column.spare > 0)) {
    const most = Math.max(...shown.map((column) => column.spare));
    shown = shown.filter((column) => column.spare !== most);
  }
  const sizes = widths();
  const line = (cells: string[]) =>
    cells
      .map((cell, i) =>
        shown[i]?.right === true ? padStart(cell, sizes[i] ?? 0) : padEnd(cell, sizes[i] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [
    ink('dim', line(shown.map((column) => column.title))),
    ...rows.map((r) => line(shown.map((c) => c.cell(r)))),
  ];
}
