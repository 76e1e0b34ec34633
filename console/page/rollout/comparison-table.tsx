import type { Comparison, ComparisonRow } from '../../../plans/comparison.ts';
import { cellsOf, groupsOf, notesOf } from '../../../plans/comparison-cells.ts';
import { duration } from '../../../plans/words.ts';
import type { ComparisonReply } from '../../../server/api.ts';

const TONES: Record<string, string> = {
  pass: 'good',
  soft: 'warn',
  hard: 'bad',
  'no-data': 'warn',
  hold: 'dim',
};

/** Both cohorts side by side. On a narrow screen each metric is a block of its own. */
export function ComparisonTable({ reply }: { reply: ComparisonReply | null }) {
  if (reply === null) {
    return (
      <section className="compare" aria-labelledby="compare">
        <h2 id="compare">Baseline (old path) and canary (new path)</h2>
        <p className="quiet">Reading what was recorded …</p>
      </section>
    );
  }
  const { comparison } = reply;
  const { stage, visit, from, to, state } = comparison;
  const times = from === null || to === null ? 'not begun' : duration(to - from);
  return (
    <section className="compare" aria-labelledby="compare">
      <h2 id="compare">
        Baseline (old path) and canary (new path){' '}
        <small>
          stage {stage}
          {visit > 1 && `, visit ${visit}`}, {times}
          {state === 'past' && ', past'}
        </small>
      </h2>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">
              Metric
            </th>
            <th scope="col" role="columnheader">
              Baseline <small>old path</small>
            </th>
            <th scope="col" role="columnheader">
              Canary <small>new path</small>
            </th>
            <th scope="col" role="columnheader">
              Difference
            </th>
            <th scope="col" role="columnheader">
              Interval
            </th>
            <th scope="col" role="columnheader">
              Acceptable
            </th>
            <th scope="col" role="columnheader">
              Verdict
            </th>
          </tr>
        </thead>
        {groupsOf(comparison).map(({ slice, rows }) => (
          <tbody key={slice ?? ''} role="rowgroup">
            {slice !== null && (
              <tr className="slice" role="row">
                <th scope="rowgroup" role="rowheader" colSpan={7}>
                  {slice}
                </th>
              </tr>
            )}
            {rows.map((row) => (
              <Row key={`${row.kind} ${row.metric} ${row.quantile} ${row.edge}`} row={row} of={comparison} />
            ))}
          </tbody>
        ))}
      </table>
      <ul className="notes">
        {notesOf(comparison).map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </section>
  );
}

function Row({ row, of }: { row: ComparisonRow; of: Comparison }) {
  const cells = cellsOf(row, of);
  const known = row.verdict !== null && cells.verdict !== '–';
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        {cells.metric}
      </th>
      <td role="cell" data-title="Baseline, old path">
        {cells.baseline}
      </td>
      <td role="cell" data-title="Canary, new path">
        {cells.canary}
      </td>
      <td role="cell" data-title="Difference">
        {cells.difference} {cells.relative !== '' && <small>{cells.relative}</small>}
      </td>
      <td role="cell" data-title="Interval">
        {cells.interval}
      </td>
      <td role="cell" data-title="Acceptable">
        {cells.acceptable}
      </td>
      <td role="cell" data-title="Verdict">
        {known ? (
          <span className={`verdict ${TONES[row.verdict ?? 'hold'] ?? 'dim'}`}>{cells.verdict}</span>
        ) : (
          cells.verdict
        )}
      </td>
    </tr>
  );
}
