import type { PlanDifference } from '../../../server/api/plans.ts';
import { differenceOf, nearChanges } from './text-difference.ts';

interface Given {
  before: string;
  after: string;
  /** Null: not known, as the new text has errors. */
  differences: readonly PlanDifference[] | null;
}

const SIGNS = { same: ' ', gone: '−', new: '+' } as const;

/** What a new plan changes: first what it means, then its lines. */
export function Changes({ before, after, differences }: Given) {
  const lines = nearChanges(differenceOf(before, after));
  const changed = lines.some((line) => line !== null && line.kind !== 'same');
  return (
    <section className="card" aria-labelledby="changes-title">
      <h2 id="changes-title">What would change</h2>
      {!changed && <p>Nothing yet: this is the present plan.</p>}
      {changed && differences?.length === 0 && <p>The text alone: the plan says the same.</p>}
      {differences !== null && differences.length > 0 && (
        <ul className="differences">
          {differences.map(({ text, loosens }) => (
            <li key={text}>
              <code>{text}</code> {loosens && <span className="badge warn">loosens</span>}
            </li>
          ))}
        </ul>
      )}
      {changed && (
        <pre className="text-difference" aria-label="Lines that change">
          {lines.map((line, i) =>
            line === null ? (
              <span key={i} className="left-out">
                …
              </span>
            ) : (
              <span key={i} className={line.kind}>
                {SIGNS[line.kind]} {line.text}
              </span>
            ),
          )}
        </pre>
      )}
    </section>
  );
}
