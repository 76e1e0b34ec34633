import { useCallback, useEffect, useState } from 'react';
import type { FlagDetail } from '../../../server/api/flags.ts';
import { get, Refused } from '../api/client.ts';
import { useNow } from '../clock.ts';
import { Trouble } from '../parts/trouble.tsx';
import { useSession } from '../session/session.ts';
import { FlagItem } from './flag-item.tsx';
import { UnlockDialog } from './unlock-dialog.tsx';

const EVERY_MS = 5000;
/** Killed first, then what moves, then the rest. */
const ORDER = ['Ramping', 'Active', 'Proposed', 'Stable', 'Retired'];

/** Flags and where each stands in its life. */
export function FlagsPage() {
  const { check } = useSession();
  const [flags, setFlags] = useState<FlagDetail[] | null>(null);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [unlocking, setUnlocking] = useState<FlagDetail | null>(null);
  const today = new Date(useNow()).toISOString().slice(0, 10);

  const read = useCallback(async () => {
    try {
      const { flags: all } = await get<{ flags: FlagDetail[] }>('/registry');
      setFlags(all.toSorted(byNeed));
      setTrouble(null);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(error);
      if (error.status === 401) await check();
    }
  }, []);
  useEffect(() => {
    void read();
    const timer = setInterval(() => {
      if (!document.hidden) void read();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [read]);

  return (
    <>
      <title>Flags · Tidegate</title>
      <div className="head">
        <h1>Flags</h1>
      </div>
      {trouble !== null && <Trouble of={trouble} />}
      {flags === null ? (
        trouble === null && <p className="empty">Loading flags …</p>
      ) : flags.length === 0 ? (
        <p className="empty">There are no flags yet. A rollout makes its own.</p>
      ) : (
        <ul className="flags">
          {flags.map((flag) => (
            <FlagItem
              key={`${flag.environment} ${flag.key}`}
              flag={flag}
              today={today}
              unlock={() => setUnlocking(flag)}
            />
          ))}
        </ul>
      )}
      {unlocking !== null && (
        <UnlockDialog
          flag={unlocking}
          close={() => {
            setUnlocking(null);
            void read();
          }}
        />
      )}
    </>
  );
}

function byNeed(a: FlagDetail, b: FlagDetail): number {
  return (
    Number(b.latch !== null) - Number(a.latch !== null) ||
    ORDER.indexOf(a.lifecycle) - ORDER.indexOf(b.lifecycle) ||
    a.key.localeCompare(b.key) ||
    a.environment.localeCompare(b.environment)
  );
}
