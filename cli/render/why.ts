import type { ExplainedValue, Explanation } from '../../plans/explanation.ts';
import { plain } from '../../plans/words.ts';
import { type Ink, padEnd, padStart } from './ink.ts';
import { rate } from './words.ts';

/** Lines of one explanation: more is what `--json` and the journal hold. */
const MOST = 6;

/**
 * The values where a metric moved, worst first: share of the excess, and the rates of both cohorts there.
 * Empty where nothing stood out; the sentence then says so.
 */
export function places({ dimensions, of }: Explanation, ink: Ink): string[] {
  const rows = dimensions
    .flatMap(({ label, values }) =>
      values.filter(({ found }) => found).map((row) => ({ ...row, name: `${label}=${row.value}` })),
    )
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0))
    .slice(0, MOST);
  const width = Math.min(40, Math.max(0, ...rows.map(({ name }) => name.length)));
  return rows.map((row) => {
    const share = row.share === null ? '' : `${Math.round(row.share * 100)} %`;
    return `${padEnd(row.name, width)} ${ink('strong', padStart(share, 6))} of it  ${rates(row, of)}`;
  });
}

function rates({ canary, baseline, only }: ExplainedValue, kind: Explanation['of']): string {
  const of = ({ events, total }: { events: number; total: number }) =>
    (kind === 'values' ? plain : rate)(total > 0 ? events / total : null);
  return only === 'canary'
    ? `canary ${of(canary)}, not in the baseline`
    : `canary ${of(canary)} against ${of(baseline)}`;
}
