import type { PlanComparisonReply } from '../../../server/api/plans.ts';
import { Differences, LinesThatDiffer } from '../plan/differences.tsx';
import { Link, rolloutPath } from '../router.tsx';
import { useRefreshed } from './use-refreshed.ts';

const ENDS: Readonly<Record<string, string>> = {
  completed: 'which was completed',
  'rolled-back': 'which was rolled back',
  abandoned: 'which was abandoned',
  superseded: 'which was superseded',
};

/** What this rollout does otherwise than the flag's last one. */
export function LastTime({ id, revision }: { id: string; revision: number }) {
  const path = `/rollouts/${encodeURIComponent(id)}/plan/difference`;
  const { value } = useRefreshed<PlanComparisonReply>(path, `${revision}`, 0);
  if (value === null) return null;
  const { before, differences, text } = value;
  return (
    <section aria-labelledby="last-time" className="last-time">
      <h3 id="last-time">Difference from the last rollout</h3>
      {before === null ? (
        <p className="quiet">This is the first rollout of the flag here.</p>
      ) : (
        <>
          <p className="quiet">
            Against <Link href={rolloutPath(before.id)}>{before.id}</Link>
            {ENDS[before.phase] !== undefined && `, ${ENDS[before.phase]}`}.{' '}
            {differences.length === 0 && 'The plan says the same.'}
          </p>
          {differences.length > 0 && <Differences of={differences} />}
          {before.text.trimEnd() !== text.trimEnd() && (
            <details className="plan-text">
              <summary>The lines that differ</summary>
              <LinesThatDiffer before={before.text} after={text} />
            </details>
          )}
        </>
      )}
    </section>
  );
}
