import { audience } from '../plans/words.ts';
import type { PersonEvent } from './event.ts';
import { finishHere } from './progress.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { person } from './turn.ts';

/** A person ends it: with the flag as it is, or lowered. */
export function abandon(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const cause = person(event, event.reason);
  const why = event.reason === null ? '' : `: ${event.reason.replace(/\.$/, '')}`;
  if (event.lower === true || state.write !== null) {
    stop(turn, {
      transition: 'rollback-requested',
      end: 'abandoned',
      cause,
      summary: `${event.by} abandons it and has the flag lowered${why}.`,
      evidence: state.gate?.assessment ?? null,
    });
    return;
  }
  finishHere(turn, {
    phase: 'abandoned',
    cause,
    summary: `${event.by} abandons it: the flag stays as it is, at ${audience(state.exposure)}${why}.`,
  });
}

/** A newer rollout of the flag takes its place: that one begins with nobody exposed, at its own first stage. */
export function supersede(turn: Turn, event: PersonEvent): void {
  stop(turn, {
    transition: 'rollback-requested',
    end: 'superseded',
    cause: person(event, event.reason),
    summary: `${event.by} has a newer rollout take its place: the flag goes back first${event.reason === null ? '' : `. ${event.reason}`}`,
    evidence: turn.state.gate?.assessment ?? null,
  });
}
