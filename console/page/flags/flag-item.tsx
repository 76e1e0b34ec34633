import { audience, clock } from '../../../plans/words.ts';
import type { FlagDetail } from '../../../server/api/flags.ts';
import { Badge } from '../parts/badge.tsx';
import { Link, rolloutPath } from '../router.tsx';
import type { Standing } from '../standing.ts';

const LIVES: Record<FlagDetail['lifecycle'], Standing> = {
  Proposed: { text: 'proposed', tone: 'dim', icon: 'wait' },
  Active: { text: 'active', tone: 'now', icon: 'run' },
  Ramping: { text: 'ramping', tone: 'now', icon: 'run' },
  Stable: { text: 'stable', tone: 'good', icon: 'done' },
  Retired: { text: 'retired', tone: 'dim', icon: 'stop' },
};
const KILLED: Standing = { text: 'killed', tone: 'bad', icon: 'stop' };

/** One flag in one environment. */
export function FlagItem({ flag, today, unlock }: { flag: FlagDetail; today: string; unlock(): void }) {
  const { key, environment, definition, exposure, latch, lifecycle, rolloutId, refused } = flag;
  const expires = definition?.expires ?? null;
  return (
    <li className={`item flag ${latch === null ? LIVES[lifecycle].tone : 'bad'}`}>
      <div className="flag-name">
        <strong>{key}</strong>
        <small>
          {environment}
          {definition?.owner != null && ` · ${definition.owner}`}
          {definition != null && ` · ${definition.purpose}`}
        </small>
        {definition != null && definition.description !== '' && <small>{definition.description}</small>}
      </div>
      <span className="badges">
        <Badge of={LIVES[lifecycle]} />
        {latch !== null && <Badge of={KILLED} />}
      </span>
      <div>
        {audience(exposure)}
        <br />
        <small>
          revision {flag.revision}, {clock(flag.updatedAt)} UTC by {flag.updatedBy}
        </small>
      </div>
      <div className="flag-notes">
        {rolloutId !== null && <Link href={rolloutPath(rolloutId)}>{rolloutId}</Link>}
        {expires !== null && (
          <small className={expires < today ? 'mine' : ''}>
            {expires < today ? 'should be gone since' : 'to be gone by'} {expires}
          </small>
        )}
        {latch !== null && (
          <>
            <small>
              killed by {latch.by}: {latch.reason}
            </small>
            <button type="button" onClick={unlock}>
              Unlock …
            </button>
          </>
        )}
        {refused !== null && <small className="mine">{refused}</small>}
      </div>
    </li>
  );
}
