import { useState } from 'react';
import type { RolloutView } from '../../../plans/view.ts';
import type { StatusReply } from '../../../server/api.ts';
import { act, type Deed, get, retry } from '../api/client.ts';
import { useNow } from '../clock.ts';
import { AskDialog, type Written } from '../parts/ask-dialog.tsx';
import { useSession } from '../session/session.ts';
import { canTakeItsTime, leavesFlag, type Offer, pathOf } from './actions.ts';
import { consequencesOf, slowConsequences } from './consequences.ts';
import { RetryFields, retryFields } from './retry-fields.tsx';
import type { Watched } from './use-rollout.ts';
import { type Who, WhoFields } from './who-fields.tsx';

export interface Result {
  summary: string;
  view: RolloutView | null;
}

interface Given {
  offer: Offer;
  watched: Watched;
  /** Null: nothing was done. */
  close(result: Result | null): void;
}

const GRAVE: readonly Offer['deed'][] = ['confirm', 'rollback', 'kill', 'reject'];

/** Asks once more: what will happen, and to how many. */
export function ActionDialog({ offer, watched, close }: Given) {
  const session = useSession();
  const now = useNow();
  const [who, setWho] = useState<Who>({ kind: 'tenant', name: '' });
  const [slowly, setSlowly] = useState(false);
  const { view } = watched;
  const { deed } = offer;

  async function send(written: Written): Promise<null> {
    const { summary, told } = await carryOut(written);
    const path = `/rollouts/${encodeURIComponent(view.id)}`;
    const after = await get<StatusReply>(path).catch(() => null);
    const late = told ? '' : ' The rollout itself could not be told yet; it follows.';
    close({ summary: `${summary}${late}`, view: after?.view ?? null });
    return null;
  }

  async function carryOut({ reason, key, field }: Written): Promise<Deed> {
    if (deed === 'retry')
      return retry(view.id, { ...session.acting, reason: reason ?? '', ...retryFields(field), key });
    const named = field('confirm');
    const lower = deed === 'abandon' && !leavesFlag(view);
    return act(pathOf(deed), view, {
      ...session.acting,
      reason,
      key,
      ...(deed === 'rollback' ? { progressive: slowly } : {}),
      ...(lower ? { lower } : {}),
      ...(named === '' ? {} : { confirm: named }),
      ...(isAside(deed) ? { [who.kind]: who.name.trim() } : {}),
    });
  }

  return (
    <AskDialog
      title={`${offer.label}: ${view.title ?? view.id}?`}
      verb={offer.label}
      grave={GRAVE.includes(deed)}
      reason={offer.reason ? 'required' : 'optional'}
      send={send}
      close={() => close(null)}
      fields={(refused) => (
        <>
          {deed === 'retry' && <RetryFields view={view} stands={refused === 'RETRY_SAME_BUILD'} />}
          {deed === 'confirm' && <ByName of={view.flag} />}
          {deed === 'rollback' && canTakeItsTime(view) && (
            <label className="check">
              <input type="checkbox" checked={slowly} onChange={({ target }) => setSlowly(target.checked)} />
              Stage by stage, for an old path that has grown cold
            </label>
          )}
          {isAside(deed) && <WhoFields deed={deed} watched={watched} who={who} change={setWho} />}
        </>
      )}
    >
      <ul className="consequences">
        {(slowly ? slowConsequences() : consequencesOf(deed, watched, now)).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </AskDialog>
  );
}

function isAside(deed: Offer['deed']): deed is 'exclude' | 'include' {
  return deed === 'exclude' || deed === 'include';
}

function ByName({ of }: { of: string }) {
  return (
    <>
      <label htmlFor="confirm">
        Type <code>{of}</code> to confirm
      </label>
      <input id="confirm" name="confirm" required autoComplete="off" spellCheck={false} />
    </>
  );
}
