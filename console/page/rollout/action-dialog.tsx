import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { RolloutView } from '../../../plans/view.ts';
import type { StatusReply } from '../../../server/api.ts';
import { act, type Deed, get, Refused, retry } from '../api/client.ts';
import { useNow } from '../clock.ts';
import { Trouble } from '../parts/trouble.tsx';
import { nameOf, useSession } from '../session/session.ts';
import { canTakeItsTime, leavesFlag, type Offer, pathOf } from './actions.ts';
import { consequencesOf, slowConsequences } from './consequences.ts';
import { RetryFields, type RetryGiven, retryFields } from './retry-fields.tsx';
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

/** Asks once more: what will happen, to how many, in whose name. */
export function ActionDialog({ offer, watched, close }: Given) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const session = useSession();
  const now = useNow();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  // The same for every try, so that a click that was not answered is not carried out twice; what was refused may be asked otherwise.
  const [key, renewKey] = useState(() => crypto.randomUUID());
  const [who, setWho] = useState<Who>({ kind: 'tenant', name: '' });
  const [slowly, setSlowly] = useState(false);
  const { view } = watched;
  useEffect(() => {
    dialog.current?.showModal();
    // Not the field for a reason: its keyboard would cover what is to be read on a phone.
    heading.current?.focus();
  }, []);

  async function send(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const written = String(new FormData(event.currentTarget).get('reason')).trim();
    setBusy(true);
    setTrouble(null);
    try {
      const again = retryFields(new FormData(event.currentTarget));
      const named = String(new FormData(event.currentTarget).get('confirm') ?? '').trim();
      const { summary, told } = await carryOut(written === '' ? null : written, { again, named });
      const path = `/rollouts/${encodeURIComponent(view.id)}`;
      const after = await get<StatusReply>(path).catch(() => null);
      const late = told ? '' : ' The rollout itself could not be told yet; it follows.';
      close({ summary: `${summary}${late}`, view: after?.view ?? null });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(error);
      if (error.status !== 0) renewKey(crypto.randomUUID());
      setBusy(false);
    }
  }

  async function carryOut(
    reason: string | null,
    { again, named }: { again: RetryGiven; named: string },
  ): Promise<Deed> {
    const pace = offer.deed === 'rollback' ? { progressive: slowly } : {};
    const request = { ...session.acting, reason, key, ...pace };
    if (offer.deed === 'retry')
      return retry(view.id, { ...session.acting, reason: reason ?? '', ...again, key });
    const lower = offer.deed === 'abandon' && !leavesFlag(view);
    const aside = offer.deed === 'exclude' || offer.deed === 'include' ? { [who.kind]: who.name.trim() } : {};
    return act(pathOf(offer.deed), view, {
      ...request,
      ...(lower ? { lower } : {}),
      ...(named === '' ? {} : { confirm: named }),
      ...aside,
    });
  }

  const grave =
    offer.deed === 'confirm' || offer.deed === 'rollback' || offer.deed === 'kill' || offer.deed === 'reject';
  return (
    <dialog ref={dialog} aria-labelledby="deed" onClose={() => close(null)}>
      <h2 id="deed" ref={heading} tabIndex={-1}>
        {offer.label}: {view.title ?? view.id}?
      </h2>
      <ul className="consequences">
        {(slowly ? slowConsequences() : consequencesOf(offer.deed, watched, now)).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      {trouble !== null && <Trouble of={trouble} />}
      <form onSubmit={(event) => void send(event)}>
        {offer.deed === 'retry' && <RetryFields view={view} stands={trouble?.code === 'RETRY_SAME_BUILD'} />}
        {offer.deed === 'confirm' && (
          <>
            <label htmlFor="confirm">
              Type <code>{view.flag}</code> to confirm
            </label>
            <input id="confirm" name="confirm" required autoComplete="off" spellCheck={false} />
          </>
        )}
        {offer.deed === 'rollback' && canTakeItsTime(view) && (
          <label className="check">
            <input type="checkbox" checked={slowly} onChange={({ target }) => setSlowly(target.checked)} />{' '}
            Stage by stage, for an old path that has grown cold
          </label>
        )}
        {(offer.deed === 'exclude' || offer.deed === 'include') && (
          <WhoFields deed={offer.deed} watched={watched} who={who} change={setWho} />
        )}
        <label htmlFor="reason">Reason{offer.reason ? '' : ' (for the journal, may be empty)'}</label>
        <textarea id="reason" name="reason" rows={2} required={offer.reason} maxLength={1000} />
        <p className="quiet">In the journal as {nameOf(session)}.</p>
        <div className="row deeds">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className={grave ? 'danger' : 'primary'} disabled={busy}>
            {busy ? 'Sending …' : offer.label}
          </button>
        </div>
      </form>
    </dialog>
  );
}
