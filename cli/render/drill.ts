import type { DrillRun } from '../../plans/drill.ts';
import type { DrillsReply } from '../../server/api/drills.ts';
import { after, drillLine } from './drill-line.ts';
import { clip, type Ink, padEnd } from './ink.ts';
import type { Page } from './status.ts';
import { relative } from './words.ts';

/** The result of a drill for people. */
export function drillPicture(run: DrillRun, ink: Ink): string[] {
  const row = (word: string, at: number | null) =>
    `  ${padEnd(word, 12)} ${at === null ? ink('bad', 'no') : ink('good', after(run.startedAt, at))}`;
  const by = run.verifiedBy === 'flag' ? ' (by the flag: the metrics are not asked of a safe variant)' : '';
  return [
    run.passed === true ? ink('good', 'The drill has passed.') : ink('bad', 'The drill has not passed.'),
    row('detected', run.detectedAt),
    row('rolled back', run.rolledBackAt),
    `${row('verified', run.verifiedAt)}${by}`,
    `  ${padEnd('limit', 12)} ${run.within} s`,
    ...(run.passed === true ? [] : [`  ${run.outcome}`]),
  ];
}

export function drillTable(drills: DrillsReply['drills'], { now, width, ink }: Page): string[] {
  if (drills.length === 0) return ['There were no drills.'];
  const names = Math.max(...drills.map(({ rolloutId }) => rolloutId.length));
  return drills.map(({ rolloutId, environment, run }) => {
    const tone = run.passed === null ? 'now' : run.passed ? 'good' : 'bad';
    const line = `${padEnd(rolloutId, names)}  ${environment}  ${run.stage}  ${relative(run.startedAt, now)}  by ${run.by}  ${ink(tone, drillLine(run))}`;
    return clip(line, width);
  });
}
