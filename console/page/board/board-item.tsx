import { memo } from 'react';
import {
  ageText,
  healthShare,
  healthText,
  nextText,
  stageCount,
  stageText,
} from '../../../plans/board-words.ts';
import { audience } from '../../../plans/words.ts';
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
              {stageText(row)}
              {row.endedAt === null && <small> {stageCount(row)}</small>}
            </span>
            <Track done={row.done} of={row.stages} over={row.endedAt !== null} />
            <small>{audience(row.exposure)}</small>
          </span>
          <span className="item-health">
            <Health row={row} />
          </span>
          <span className="item-age">{ageText(row, now)}</span>
          <span className="item-next">
            <span className="clamp">{nextText(row, now)}</span>
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

function Health({ row }: { row: BoardRow }) {
  const share = healthShare(row);
  if (share === null) return <small>{healthText(row)}</small>;
  return (
    <>
      <span>{healthText(row)}</span>
      <Sure share={share} label={`${Math.round(share * 100)} % towards a stop`} />
    </>
  );
}
