import { isOver, waits } from '../../plans/standing-words.ts';
import type { RolloutView } from '../../plans/view.ts';
import type { Live } from '../../server/api.ts';
import type { Ink, Tone } from './ink.ts';
import { duration, phaseText, relative } from './words.ts';

export {
  checkLines,
  descentText,
  excludedLines,
  forecastText,
  isOver,
  pauseText,
  stopCause,
} from '../../plans/standing-words.ts';

/** What `GET /rollouts/:id` and its event stream say: the rollout and the gate's latest look. */
export interface Watched {
  view: RolloutView;
  live: Live | null;
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

export function phaseTone(view: Pick<RolloutView, 'phase' | 'pause'>): Tone {
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
  return waits(watched.view, presentLive(watched)?.assessment ?? null, now);
}
