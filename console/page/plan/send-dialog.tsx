import { type ReactNode, useEffect, useState } from 'react';
import type { CheckReply } from '../../../server/api/plans.ts';
import { Refused } from '../api/client.ts';
import { AskDialog, type Written } from '../parts/ask-dialog.tsx';
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
  /** Gives what is to be seen then, null: nothing more. @throws Refused */
  send(written: Written): Promise<ReactNode>;
  close(): void;
}

/** Looks once more, says what will happen, and asks. */
export function SendDialog({ title, verb, draft, words, send, close }: Given) {
  const session = useSession();
  const [reply, setReply] = useState<CheckReply | null>(null);
  const [unknown, setUnknown] = useState<Refused | null>(null);
  useEffect(() => {
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

  const way = reply === null ? [] : verb === 'Submit' ? obstacles(reply) : brokenQueries(reply.queries);
  const notes = reply === null ? [] : queryNotes(reply.queries);
  const may = reply?.outlook?.maySubmit !== false;
  return (
    <AskDialog
      title={title}
      verb={verb}
      ready={may && reply !== null}
      reason={verb === 'Amend' ? 'optional' : 'none'}
      send={send}
      close={close}
    >
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
    </AskDialog>
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
