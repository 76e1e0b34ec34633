import type { ExplainedValue, Explanation } from '../../../plans/explanation.ts';
import { plain, rate } from '../../../plans/words.ts';

/** Rows that help to decide; the report has the others. */
const MOST = 6;

/** Where the metric moved: the breakdown that was searched after a stop. */
export function Why({ explanation }: { explanation: Explanation | undefined }) {
  if (explanation === undefined) return null;
  const rows = explanation.dimensions
    .flatMap(({ label, values }) =>
      values.filter(({ found }) => found).map((row) => ({ ...row, name: `${label}=${row.value}` })),
    )
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0))
    .slice(0, MOST);
  return (
    <div className="why">
      <h3>Where it sits</h3>
      <p>{explanation.sentence}</p>
      {rows.length > 0 && (
        <ul>
          {rows.map((row) => (
            <li key={row.name}>
              <span className="place">{row.name}</span>
              {row.share !== null && (
                <span className="share">
                  <span className="bar warn" aria-hidden="true">
                    <i style={{ inlineSize: `${Math.round(Math.min(1, Math.max(0, row.share)) * 100)}%` }} />
                  </span>
                  {Math.round(row.share * 100)} % of it
                </span>
              )}
              <small>{ratesOf(row, explanation.of)}</small>
            </li>
          ))}
        </ul>
      )}
      {explanation.note !== null && <small>{explanation.note}</small>}
    </div>
  );
}

function ratesOf({ canary, baseline, only }: ExplainedValue, kind: Explanation['of']): string {
  const of = ({ events, total }: { events: number; total: number }) =>
    (kind === 'values' ? plain : rate)(total > 0 ? events / total : null);
  return only === 'canary'
    ? `new path ${of(canary)}, not on the old path`
    : `new path ${of(canary)}, old path ${of(baseline)}`;
}
