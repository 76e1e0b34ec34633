import type { PlanDifference } from '../../../server/api/plans.ts';
import { Differences, LinesThatDiffer } from './differences.tsx';

interface Given {
  before: string;
  after: string;
  /** Null: not known, as the new text has errors. */
  differences: readonly PlanDifference[] | null;
}

/** What a new plan changes: first what it means, then its lines. */
export function Changes({ before, after, differences }: Given) {
  const changed = before.trimEnd() !== after.trimEnd();
  return (
    <section className="card" aria-labelledby="changes-title">
      <h2 id="changes-title">What would change</h2>
      {!changed && <p>Nothing yet: this is the present plan.</p>}
      {changed && differences?.length === 0 && <p>The text alone: the plan says the same.</p>}
      {differences !== null && differences.length > 0 && <Differences of={differences} />}
      {changed && <LinesThatDiffer before={before} after={after} />}
    </section>
  );
}
