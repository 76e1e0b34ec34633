import type { Assessment } from '../../../plans/assessment.ts';
import { isOver, waits } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { Watched } from './use-rollout.ts';

interface Given {
  view: RolloutView;
  assessment: Assessment | null;
  now: number;
  messages: Watched['notifications'];
}

/** What stands between the rollout and its next stage, and messages that have not arrived. */
export function WaitsFor({ view, assessment, now, messages }: Given) {
  const all = waits(view, assessment, now);
  if (isOver(view) && messages.length === 0) return null;
  return (
    <section className="card" aria-labelledby="waits-for">
      <h2 id="waits-for">Waits for</h2>
      {all.length === 0 ? (
        <p>{view.pause === null ? 'Nothing.' : 'An answer to the pause.'}</p>
      ) : (
        <ul>
          {all.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {messages.length > 0 && (
        <>
          <h3>Messages that wait</h3>
          <ul>
            {messages.map(({ event, channel, attempts, error }) => (
              <li key={`${event} ${channel}`}>
                {event} to {channel}, tried {attempts} times{error !== null && `: ${error}`}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
