import type { BacktestOutcome } from '../../rollout/backtest-outcome.ts';
import { backtestNotes } from '../../rollout/reporting/backtest-words.ts';
import { type Ink, padEnd, type Tone, widthOf } from './ink.ts';
import { duration } from './words.ts';

/** The most rollouts that are told one by one. */
const MOST = 50;

const TONES: Record<BacktestOutcome['outcome'], Tone> = {
  completed: 'good',
  paused: 'warn',
  'rolled-back': 'bad',
};

/** A line for each rollout, the stopped ones first where there are many, and what came out altogether. */
export function backtestLines(outcomes: readonly BacktestOutcome[], ink: Ink): string[] {
  const stopped = outcomes.filter(({ outcome }) => outcome !== 'completed');
  const shown = outcomes.length <= MOST ? outcomes : stopped.slice(0, MOST);
  const rows = shown.map(rowOf);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => widthOf(row[column] ?? ''))));
  return [
    ...rows.map((row, index) => {
      const [rollout = '', outcome = '', where = '', why = ''] = row.map((cell, column) =>
        padEnd(cell, widths[column] ?? 0),
      );
      const tone = TONES[shown[index]?.outcome ?? 'completed'];
      return `${rollout}  ${ink(tone, outcome)}  ${where}  ${why}`.trimEnd();
    }),
    ...(shown.length < stopped.length ? [`and ${stopped.length - shown.length} more that were stopped`] : []),
    ...(rows.length === 0 ? [] : ['']),
    ...closing(outcomes),
  ];
}

/** What came out altogether, and what nothing was judged by. */
export function closing(outcomes: readonly BacktestOutcome[]): string[] {
  return [summary(outcomes), ...unjudgedLines(outcomes)];
}

/** Of the plan, so of all rollouts. */
function unjudgedLines(outcomes: readonly BacktestOutcome[]): string[] {
  const names = [...new Set(outcomes.flatMap(({ unjudged = [] }) => unjudged))];
  return names.length === 0 ? [] : [`not judged, as a trace has no values of it: ${names.join(', ')}`];
}

function rowOf(found: BacktestOutcome): string[] {
  const { rollout, outcome, severity, stage, t, reason } = found;
  const name = outcome === 'completed' ? outcome : `${outcome}${severity === null ? '' : ` (${severity})`}`;
  const why = [...(outcome === 'completed' ? [] : [reason]), ...backtestNotes(found)].join('; ');
  return [rollout, name, `${stage} after ${duration(t)}`, why];
}

/** All outcomes in one sentence. */
function summary(outcomes: readonly BacktestOutcome[]): string {
  const of = (wanted: BacktestOutcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted);
  const completed = of('completed');
  const held = completed.filter((one) => one.held.length > 0).length;
  const lost = completed.filter((one) => (one.noData ?? []).length > 0).length;
  const part = completed.filter((one) => one.unseen.length > 0).length;
  const notes = [
    ...(held > 0 ? [`${held} would have held longer`] : []),
    ...(lost > 0 ? [`${lost} paused meanwhile for missing data`] : []),
    ...(part > 0 ? [`${part} of only some stages`] : []),
  ];
  const many = outcomes.length === 1 ? '1 rollout' : `${outcomes.length} rollouts`;
  const noted = notes.length > 0 ? ` (${notes.join(', ')})` : '';
  return `${many}: ${completed.length} completed${noted}, ${of('paused').length} paused, ${of('rolled-back').length} rolled back`;
}
