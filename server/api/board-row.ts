import { stopCause } from '../../plans/standing-words.ts';
import type { RolloutView } from '../../plans/view.ts';
import type { BoardRow } from './console-board.ts';

/** A rollout as every reader sees it; what a reader may do is added for each. */
export type SharedRow = Omit<BoardRow, 'powers'>;

export function boardRow(view: RolloutView): SharedRow {
  const { id, title, owner, service, environment, flag, phase, stage, exposure } = view;
  const { submittedBy, submittedAt, stageSince, endedAt, blockers, next, pause } = view;
  return {
    id,
    title,
    owner,
    service,
    environment,
    flag,
    phase,
    stage,
    exposure,
    submittedBy,
    submittedAt,
    stageSince,
    endedAt,
    blockers,
    next,
    pause,
    stages: view.stages.length,
    done: view.stages.filter(({ state }) => state === 'done').length,
    stop: stopCause(view),
    gate: null,
  };
}

/** Who waits for a person first, then what goes back, then what moves, then what is over; the newest first in each. */
export function byUrgency(a: SharedRow, b: SharedRow): number {
  return urgency(a) - urgency(b) || b.submittedAt - a.submittedAt;
}

function urgency({ phase, pause, blockers, gate, endedAt }: SharedRow): number {
  if (endedAt !== null) return 4;
  if (pause !== null || gate?.verdict === 'soft' || gate?.verdict === 'hard') return 0;
  if (blockers.some(({ roles }) => roles.length > 0)) return 1;
  return phase === 'reverting' ? 2 : 3;
}
