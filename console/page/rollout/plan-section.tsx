import { useState } from 'react';
import { clock } from '../../../plans/words.ts';
import type { PlanReply } from '../../../server/api.ts';
import { Link, rolloutPath } from '../router.tsx';
import { LastTime } from './last-time.tsx';
import { useRefreshed } from './use-refreshed.ts';

interface Given {
  id: string;
  revision: number;
  /** It runs, and the reader may change it. */
  amendable: boolean;
}

/** The plan as its author wrote it, each revision, and what it changed in the one before. */
export function PlanSection({ id, revision, amendable }: Given) {
  const [wanted, setWanted] = useState<number | null>(null);
  const path = `/rollouts/${encodeURIComponent(id)}/plan`;
  const asked = wanted === null ? path : `${path}?revision=${wanted}`;
  const { value: reply } = useRefreshed<PlanReply>(asked, `${revision} ${wanted}`, 0);
  if (reply === null) return null;
  return (
    <section aria-labelledby="plan">
      <h2 id="plan">Plan</h2>
      {amendable && (
        <p className="amend-link">
          <Link className="button" href={`${rolloutPath(id)}/amend`}>
            Amend the plan …
          </Link>
        </p>
      )}
      {reply.revisions.length > 1 && (
        <ol className="revisions">
          {reply.revisions.map((note) => (
            <li key={note.revision}>
              <button
                type="button"
                aria-pressed={note.revision === reply.revision}
                onClick={() => setWanted(note.revision)}
              >
                Revision {note.revision}
              </button>{' '}
              by {note.by}, {clock(note.at)} UTC
              {note.approvedBy !== null && `, let pass by ${note.approvedBy}`}
              {note.reason !== null && `: ${note.reason}`}
              {note.changes.length > 0 && (
                <ul className="changes">
                  {note.changes.map((change) => (
                    <li key={change}>
                      <code>{change}</code>
                    </li>
                  ))}
                </ul>
              )}
            </li>
          ))}
        </ol>
      )}
      <LastTime id={id} revision={revision} />
      <details className="plan-text">
        <summary>The text of revision {reply.revision}</summary>
        <pre>{reply.text}</pre>
      </details>
    </section>
  );
}
