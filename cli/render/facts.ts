import { ENDED, type RolloutView } from '../../plans/view.ts';
import type { Live } from '../../server/api.ts';
import { holding, limits } from './holding.ts';
import type { Ink, Tone } from './ink.ts';
import { cause, duration, phaseText, relative } from './words.ts';

/** What `GET /rollouts/:id` and its event stream say: the rollout and the gate's latest look. */
export interface Watched {
  view: RolloutView;
  live: Live | null;
}

export function isOver(view: RolloutView): boolean {
  return ENDED.includes(view.phase);
}

/** The gate's look belongs to the present stage; that of an earlier one would be taken for this one's. */
export function presentLive(watched: Watched): Live | null {
  const { live, view } = watched;
  if (live?.assessment == null) return live;
  return live.assessment.stage === view.stage ? live : null;
}

/** One line on where the rollout stands: `active, in 5% for 3 min 20 s`. */
export function standing(view: RolloutView, now: number, ink: Ink): string {
  const painted = ink(phaseTone(view), view.pause === null ? phaseText(view.phase) : 'paused');
  if (isOver(view)) return view.endedAt === null ? painted : `${painted} ${relative(view.endedAt, now)}`;
  if (view.stage === null) return painted;
  const since = view.stageSince === null ? '' : ` for ${duration((now - view.stageSince) / 1000)}`;
  return `${painted}, in ${view.stage}${since}`;
}

export function phaseTone(view: RolloutView): Tone {
  if (view.pause !== null && !isOver(view)) return 'warn';
  switch (view.phase) {
    case 'completed':
      return 'good';
    case 'rolled-back':
    case 'reverting':
    case 'rejected':
      return 'bad';
    case 'active':
      return 'now';
    default:
      return 'dim';
  }
}

/** What must happen before the next stage: blockers of the rollout, then what the gate still lacks. */
export function waitsFor(watched: Watched, now: number): string[] {
  const { view } = watched;
  if (isOver(view)) return [];
  const assessment = presentLive(watched)?.assessment ?? null;
  const gate = assessment === null ? [] : assessment.holding.map((each) => holding(each, assessment.t));
  const blockers = view.blockers
    // The gate's own sentences say more than "the gate has not passed yet".
    .filter((blocker) => !(blocker.kind === 'gate' && gate.length > 0))
    // The pause has a line of its own, with its deadline.
    .filter((blocker) => !(blocker.kind === 'paused' && view.pause !== null))
    .map((blocker) => {
      const until = blocker.until === null ? '' : ` (${relative(blocker.until, now)})`;
      const roles = blocker.roles.length === 0 ? '' : ` [${blocker.roles.join(', ')}]`;
      return `${blocker.text}${roles}${until}`;
    });
  return [
    ...blockers,
    ...gate,
    ...(assessment === null ? [] : limits(assessment).map((text) => `limit ${text}`)),
  ];
}

/** Why it stopped and by whom; null while nothing has stopped it. */
export function stopCause(view: RolloutView): string | null {
  return view.stop === null
    ? null
    : `${view.stop.transition.replaceAll('-', ' ')} by ${cause(view.stop.cause)}`;
}

export function pauseText(view: RolloutView, now: number): string | null {
  if (view.pause === null || isOver(view)) return null;
  const { reason, deadline, then } = view.pause;
  return `${reason}; without an answer ${relative(deadline, now)}: ${then.replaceAll('-', ' ')}`;
}
