import { answerLine } from '../../../plans/standing-words.ts';
import { audience, cause, clock } from '../../../plans/words.ts';
import { furtherLines } from './journal-lines.ts';
import { useRead } from './use-refreshed.ts';

/** Every transition, the newest first. */
export function JournalSection({ id, seq }: { id: string; seq: number }) {
  const path = `/rollouts/${encodeURIComponent(id)}/journal`;
  const { value: lines } = useRead(path, furtherLines, { stamp: String(seq), everyMs: 500 });
  return (
    <section aria-labelledby="journal">
      <h2 id="journal">Journal</h2>
      {lines === null ? (
        <p className="quiet">Reading …</p>
      ) : (
        <ol className="journal" reversed>
          {lines.toReversed().map((entry) => (
            <li key={entry.seq}>
              <p>
                <time dateTime={new Date(entry.at).toISOString()}>{clock(entry.at)} UTC</time>{' '}
                <strong>{entry.transition.replaceAll('-', ' ')}</strong>
                {entry.stage !== null && ` in ${entry.stage}`}
              </p>
              <p>{entry.summary}</p>
              {entry.checks?.map((one) => (
                <p key={one.name}>{answerLine(one)}</p>
              ))}
              <small>
                by {cause(entry.cause)}
                {entry.cause.kind === 'person' &&
                  entry.cause.through !== undefined &&
                  ` (through ${entry.cause.through})`}
                ; {audience(entry.exposure)}
                {entry.flagAfter !== null &&
                  `, flag revision ${entry.flagBefore ?? 'none'} → ${entry.flagAfter}`}
              </small>
              {entry.queries.length > 0 && (
                <details>
                  <summary>Queries</summary>
                  <ul className="queries">
                    {entry.queries.map((query) => (
                      <li key={query}>
                        <code>{query}</code>
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
