import type { Assessment } from '../../plans/assessment.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import { partName } from '../../plans/slices.ts';
import { answerLine } from '../../plans/standing-words.ts';
import { sureness } from './evidence.ts';
import { wrap } from './ink.ts';
import type { Page } from './status.ts';
import { audience, cause, clock, estimate } from './words.ts';

const INDENT = '    ';

function flagMove({ flagBefore, flagAfter }: JournalEntry): string {
  if (flagAfter === null || flagAfter === flagBefore) return '';
  return `, flag revision ${flagBefore ?? 'none'} → ${flagAfter}`;
}

function evidence(of: Assessment): string[] {
  return of.metrics.map(
    ({ verdict, lnE, estimate: difference, standardError, ...part }) =>
      `${partName(part)}: ${verdict}, difference ${estimate(difference, standardError)}, ` +
      `${Math.round(sureness(lnE, of.threshold) * 100)} % of what a stop needs`,
  );
}

/** The journal for people: what happened, and below it why, by whom, what the flag did, and what was seen. */
export function renderJournal(entries: JournalEntry[], page: Page): string[] {
  const below = (text: string) => wrap(text, page.width - INDENT.length).map((line) => INDENT + line);
  return entries.flatMap((entry) => [
    `${page.ink('dim', clock(entry.at))}  ${page.ink('strong', entry.transition)}${entry.stage === null ? '' : `  ${entry.stage}`}`,
    ...below(entry.summary),
    ...(entry.checks ?? []).map(answerLine).flatMap(below),
    ...below(`by ${cause(entry.cause)}; exposure ${audience(entry.exposure)}${flagMove(entry)}`),
    ...(entry.evidence === null ? [] : evidence(entry.evidence).flatMap(below)),
    ...entry.queries.flatMap((query) => below(`query: ${query}`)).map((line) => page.ink('dim', line)),
  ]);
}
