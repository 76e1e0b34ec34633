import type { CheckReply } from '../../../server/api/plans.ts';
import { Link, rolloutPath } from '../router.tsx';
import { Differences } from './differences.tsx';

/** What the plan does otherwise than the flag's last rollout, before it is handed in. */
export function SinceLast({ last }: { last: NonNullable<CheckReply['last']> }) {
  return (
    <section className="card" aria-labelledby="since-last">
      <h2 id="since-last">Difference from the last rollout</h2>
      <p className="quiet">
        Against <Link href={rolloutPath(last.id)}>{last.id}</Link>.{' '}
        {last.differences.length === 0 && 'The plan says the same.'}
      </p>
      {last.differences.length > 0 && <Differences of={last.differences} />}
    </section>
  );
}
