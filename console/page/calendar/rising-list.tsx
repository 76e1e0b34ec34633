import { relative } from '../../../plans/words.ts';
import { Link, rolloutPath } from '../router.tsx';
import type { Rising } from './groups.ts';
import { bothClocks } from './times.ts';

/** When each rollout may next go up, and what else it waits for. */
export function RisingList({
  rollouts,
  timezone,
  now,
}: {
  rollouts: readonly Rising[];
  timezone: string | null;
  now: number;
}) {
  return (
    <ul className="rising">
      {rollouts.map((one) => (
        <li key={one.id}>
          <Link href={rolloutPath(one.id)}>{one.title}</Link>
          <small> {one.id}</small>
          <p>{opening(one, timezone, now)}</p>
          {one.blockers.length > 0 && !one.reverting && (
            <p className="quiet">Before that: {one.blockers.join('; ')}.</p>
          )}
        </li>
      ))}
    </ul>
  );
}

function opening(
  { opensAt, closesAt, reverting, paused }: Rising,
  timezone: string | null,
  now: number,
): string {
  if (reverting) return 'It is going back and will not go up.';
  if (timezone === null) return paused ? 'No window holds it; it is paused.' : 'May go up at any time.';
  if (opensAt === null)
    return closesAt === null
      ? 'May go up now.'
      : `May go up now, until ${bothClocks(timezone, closesAt)}, ${relative(minute(closesAt, now), now)}.`;
  return `Next: ${bothClocks(timezone, opensAt)}, ${relative(minute(opensAt, now), now)}.`;
}

/** Whole minutes from now, so that nothing flickers. */
function minute(at: number, now: number): number {
  return now + Math.max(60_000, Math.ceil((at - now) / 60_000) * 60_000);
}
