import { memo } from 'react';
import { sureness } from '../../../plans/standing-words.ts';
import { audience, duration, relative } from '../../../plans/words.ts';
import type { BoardRow } from '../../../server/api/console-board.ts';
import { Badge } from '../parts/badge.tsx';
import { Sure } from '../parts/sure.tsx';
import { Link, rolloutPath } from '../router.tsx';
import type { Session } from '../session/session.ts';
import { standingOf } from '../standing.ts';
import { askedOfMe, whoMustAct } from './waiting.ts';

interface Given {
  row: BoardRow;
  session: Session;
  /** Ages are shown in minutes: a row is drawn again when one has passed. */
  minute: number;
  now: number;
}

/** One rollout: a link to its page. */
export const BoardItem = memo(
  function BoardItem({ row, session, now }: Given) {
    const standing = standingOf({ ...row, verdict: row.gate?.verdict ?? null });
    const mine = askedOfMe(row, session) !== null;
    return (
      <li className={`item ${standing.tone}`}>
        <Link href={rolloutPath(row.id)} className="item-link">
          <Badge of={standing} />
          <span className="item-name">
            <strong>{row.title ?? row.id}</strong>
            <small>
              {row.id} · {row.environment}
              {row.owner !== null && ` · ${row.owner}`}
            </small>
          </span>
          <span className="item-stage">
            <span>
              {row.stage === null ? 'not begun' : `stage ${row.stage}`}
              {row.endedAt === null && (
                <small>
                  {' '}
                  {Math.min(row.stages, row.done + 1)} of {row.stages}
                </small>
              )}
            </span>
            <Track done={row.done} of={row.stages} over={row.endedAt !== null} />
            <small>{audience(row.exposure)}</small>
          </span>
          <span className="item-health">
            <Health row={row} />
          </span>
          <span className="item-age">{ageOf(row, now)}</span>
          <span className="item-next">
            <span className="clamp">{nextOf(row, now)}</span>
            <small className={mine ? 'mine' : ''}>{row.endedAt === null && whoMustAct(row, session)}</small>
          </span>
        </Link>
      </li>
    );
  },
  (a, b) =>
    a.row === b.row &&
    a.minute === b.minute &&
    a.session.caller === b.session.caller &&
    a.session.acting === b.session.acting,
);

function Track({ done, of, over }: { done: number; of: number; over: boolean }) {
  return (
    <span className="track" aria-hidden="true">
      {Array.from({ length: of }, (_, i) => (
        <i key={i} className={i < done ? 'done' : i === done && !over ? 'now' : ''} />
      ))}
    </span>
  );
}

function Health({ row: { gate, endedAt, stop } }: { row: BoardRow }) {
  if (endedAt !== null) return <small>{stop === null ? 'nothing found' : 'stopped'}</small>;
  if (gate === null) return <small>no look yet</small>;
  const share = sureness(gate.lnE, gate.threshold);
  const words = {
    pass: 'as good as before',
    hold: 'nothing found yet',
    soft: `worse: ${gate.metric ?? 'a metric'}`,
    hard: `much worse: ${gate.metric ?? 'a metric'}`,
    'no-data': 'no data',
  }[gate.verdict];
  return (
    <>
      <span>{words}</span>
      <Sure share={share} label={`${Math.round(share * 100)} % towards a stop`} />
    </>
  );
}

function ageOf(row: BoardRow, now: number): string {
  if (row.endedAt !== null) return minutes(now - row.endedAt, 'ago');
  if (row.pause !== null) return minutes(now - row.pause.since, 'paused');
  return minutes(now - (row.stageSince ?? row.submittedAt), row.stageSince === null ? 'waiting' : 'in stage');
}

/** Whole minutes, so that nothing flickers: `12 min in stage`. */
function minutes(ms: number, what: string): string {
  return ms < 60_000 ? `under 1 min ${what}` : `${duration(Math.floor(ms / 60_000) * 60)} ${what}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function nextOf(row: BoardRow, now: number): string {
  if (row.endedAt !== null) return row.stop ?? '';
  if (row.pause === null) return row.next;
  const { reason, deadline, then } = row.pause;
  return `${sentence(reason)} Without an answer ${relative(Math.ceil(deadline / 60_000) * 60_000, Math.floor(now / 60_000) * 60_000)}: ${then.replaceAll('-', ' ')}.`;
}
