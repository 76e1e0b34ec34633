import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { CheckReply } from '../../../server/api/plans.ts';
import { Refused } from '../api/client.ts';
import { Trouble } from '../parts/trouble.tsx';
import { nameOf, useSession } from '../session/session.ts';
import { brokenQueries, obstacles, queryNotes } from './outlook-words.ts';
import { check, type Draft } from './use-check.ts';

interface Given {
  title: string;
  verb: 'Submit' | 'Amend';
  draft: Draft;
  /** What it will do, by what the server has just said. */
  words(reply: CheckReply): readonly string[];
  /** Does it; `key` is the same for each try. Gives what is to be seen then, null: nothing more. @throws Refused */
  send(request: { key: string; reason: string | null }): Promise<ReactNode>;
  close(): void;
}

/** Looks once more, says what will happen, and asks. */
export function SendDialog({ title, verb, draft, words, send, close }: Given) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const session = useSession();
  const [reply, setReply] = useState<CheckReply | null>(null);
  const [unknown, setUnknown] = useState<Refused | null>(null);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<ReactNode>(null);
  const [key] = useState(() => crypto.randomUUID());
  useEffect(() => {
    dialog.current?.showModal();
    heading.current?.focus();
    let gone = false;
    const look = async () => {
      try {
        const found = await check(draft, true);
        if (!gone) setReply(found);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (gone) return;
        setUnknown(error);
        // Without its source the plan itself can still be looked at.
        const found = await check(draft).catch(() => null);
        if (!gone) setReply(found);
      }
    };
    void look();
    return () => {
      gone = true;
    };
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const written = String(new FormData(event.currentTarget).get('reason') ?? '').trim();
    setBusy(true);
    setTrouble(null);
    try {
      setDone(await send({ key, reason: written === '' ? null : written }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(error);
      setBusy(false);
    }
  }

  const way = reply === null ? [] : verb === 'Submit' ? obstacles(reply) : brokenQueries(reply.queries);
  const notes = reply === null ? [] : queryNotes(reply.queries);
  const may = reply?.outlook?.maySubmit !== false;
  return (
    <dialog ref={dialog} aria-labelledby="send" onClose={close}>
      <h2 id="send" ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {done !== null ? (
        done
      ) : (
        <>
          {reply === null && unknown === null && <p role="status">Asking the source of the metrics …</p>}
          {reply !== null && (
            <ul className="consequences">
              {words(reply).map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          )}
          {!may && <p className="freeze">{nameOf(session)} may not submit there.</p>}
          {way.length > 0 && (
            <div className="freeze">
              <strong>
                {verb === 'Submit' ? 'As things stand it will be refused:' : 'Its queries find nothing:'}
              </strong>
              <List of={way} />
            </div>
          )}
          {notes.length > 0 && (
            <div className="quiet">
              Its metrics:
              <List of={notes} />
            </div>
          )}
          {unknown !== null && <Trouble of={unknown} />}
          {trouble !== null && <Trouble of={trouble} />}
          <form onSubmit={(event) => void submit(event)}>
            {verb === 'Amend' && (
              <>
                <label htmlFor="reason">Reason (for the journal, may be empty)</label>
                <textarea id="reason" name="reason" rows={2} maxLength={1000} />
              </>
            )}
            <p className="quiet">In the journal as {nameOf(session)}.</p>
            <div className="row deeds">
              <button type="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              <button type="submit" className="primary" disabled={busy || !may || reply === null}>
                {busy ? 'Sending …' : verb}
              </button>
            </div>
          </form>
        </>
      )}
    </dialog>
  );
}

function List({ of }: { of: readonly string[] }) {
  return (
    <ul>
      {of.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}
