import type { JournalEntry } from '../../plans/journal.ts';
import { clip, padEnd } from './ink.ts';
import type { Page } from './status.ts';
import { audience, cause, clock } from './words.ts';

/** The journal for people: a line on what happened, and under it why and what the flag did. */
export function renderJournal(entries: JournalEntry[], page: Page): string[] {
  return entries.flatMap((entry) => {
    const flag =
      entry.flagAfter === null || entry.flagAfter === entry.flagBefore
        ? ''
        : `, flag revision ${entry.flagBefore ?? 'none'} → ${entry.flagAfter}`;
    const head = [
      page.ink('dim', clock(entry.at)),
      padEnd(page.ink('strong', entry.transition), 18),
      padEnd(entry.stage ?? '–', 10),
      entry.summary,
    ].join('  ');
    const why = `by ${cause(entry.cause)}; exposure ${audience(entry.exposure)}${flag}`;
    const sure =
      entry.evidence === null
        ? []
        : entry.evidence.metrics.map(
            (metric) =>
              `${metric.metric}: ${metric.verdict}, ln E ${metric.lnE.toFixed(2)}, difference ${metric.estimate.toPrecision(3)}`,
          );
    return [head, ...[why, ...sure].map((text) => `${' '.repeat(21)}${page.ink('dim', text)}`)].map((line) =>
      clip(line, page.width),
    );
  });
}
