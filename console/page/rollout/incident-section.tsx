import { useState } from 'react';
import { clock } from '../../../plans/words.ts';
import type { IncidentReply, IncidentsReply, ReviewReply } from '../../../server/api/incidents.ts';
import { get, post, Refused } from '../api/client.ts';
import { AskDialog } from '../parts/ask-dialog.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { useSession } from '../session/session.ts';
import { useRefreshed } from './use-refreshed.ts';
import type { Watched } from './use-rollout.ts';

/** The incident that a stop has opened: what is known, who may close it, and a draft of its review. */
export function IncidentSection({ watched, now }: { watched: Watched; now: number }) {
  const { view, powers } = watched;
  const session = useSession();
  const [asking, setAsking] = useState(false);
  const [closed, setClosed] = useState<IncidentReply | null>(null);
  const path = `/rollouts/${encodeURIComponent(view.id)}`;
  // What is known changes with time too, also after the rollout's stream has ended.
  const stamp = `${view.seq} ${Math.floor(now / 30_000)}`;
  const wanted = view.stop === null ? null : `${path}/incidents`;
  const { value } = useRefreshed<IncidentsReply>(wanted, stamp, 5_000);
  const read = value?.incidents[0] ?? null;
  const incident = closed !== null && read?.closedAt == null ? closed : read;
  if (incident === null) return null;
  const open = incident.closedAt === null;
  const may = powers.may.includes('operate') || powers.may.includes('approve');
  return (
    <section className="card incident" aria-labelledby="incident">
      <h2 id="incident">Incident, {open ? 'open' : 'closed'}</h2>
      <p>{incident.summary}</p>
      <ul>
        {incident.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {incident.closedAt !== null && (
        <p className="quiet">
          Since {clock(incident.since)} UTC, over at {clock(incident.closedAt)} UTC
        </p>
      )}
      {open && view.phase !== 'reverting' && may && (
        <p>
          <button type="button" onClick={() => setAsking(true)}>
            Close the incident …
          </button>
        </p>
      )}
      <Review path={path} />
      {asking && (
        <AskDialog
          title={`Close the incident of ${view.title ?? view.id}?`}
          verb="Close the incident"
          reason="required"
          close={() => setAsking(false)}
          send={async ({ reason, key }) => {
            const body = { ...session.acting, reason };
            setClosed(await post<IncidentReply>(`${path}/incident/close`, body, key));
            return null;
          }}
        >
          <p>Nobody is told any more how it stands. A summary and a draft of the review follow.</p>
        </AskDialog>
      )}
    </section>
  );
}

/** Asked for when it is opened: it is made from everything that was recorded. */
function Review({ path }: { path: string }) {
  const [review, setReview] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  function load(): void {
    setTrouble(null);
    get<ReviewReply>(`${path}/incident/review`).then(
      (reply) => setReview(reply.review),
      (error: unknown) => {
        if (error instanceof Refused) setTrouble(error);
      },
    );
  }
  return (
    <details className="plan-text" onToggle={({ currentTarget }) => currentTarget.open && load()}>
      <summary>Draft of the review</summary>
      {trouble !== null && <Trouble of={trouble} />}
      {review !== null && (
        <>
          <pre tabIndex={0} aria-label="Draft of the review">
            {review}
          </pre>
          <p>
            <a
              className="button"
              href={`/api/v1${path}/incident/review?format=markdown`}
              download="review.md"
            >
              Download as Markdown
            </a>
          </p>
        </>
      )}
    </details>
  );
}
