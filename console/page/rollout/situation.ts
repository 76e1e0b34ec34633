import type { Assessment } from '../../../plans/assessment.ts';
import { partName } from '../../../plans/part-name.ts';
import { descentText, stopCause } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import { audience } from '../../../plans/words.ts';
import { asksPerson, type Standing, standingOf } from '../standing.ts';
import { calmly } from './calmly.ts';
import { doubtDue } from './doubt-words.ts';

/** What has happened, for somebody who was asleep. */
export interface Situation {
  standing: Standing;
  heading: string;
  why: string | null;
  /** What happens if nobody does anything. */
  then: string | null;
}

export function situationOf(view: RolloutView, assessment: Assessment | null, now: number): Situation {
  const standing = standingOf({ ...view, verdict: assessment?.verdict ?? null });
  const said = (heading: string, why: string | null, then: string | null): Situation => ({
    standing,
    heading,
    why,
    then,
  });
  switch (view.phase) {
    case 'completed':
      return said(`Complete ${ago(view.endedAt, now)}`, null, `${audience(view.exposure)} has the new path.`);
    case 'rejected':
      return said(`Turned down ${ago(view.endedAt, now)}`, stopCause(view), view.next);
    case 'rolled-back':
      return said(`Rolled back ${ago(view.endedAt, now)}`, stopCause(view), view.next);
    case 'abandoned':
      return said(`Abandoned ${ago(view.endedAt, now)}`, stopCause(view), view.next);
    case 'superseded':
      return said(`Superseded ${ago(view.endedAt, now)}`, stopCause(view), view.next);
    case 'reverting':
      return said('Going back now', stopCause(view), view.next);
    case 'submitted':
    case 'active':
      return moving(view, assessment, { now, said });
  }
}

interface Moving {
  now: number;
  said(heading: string, why: string | null, then: string | null): Situation;
}

function moving(view: RolloutView, assessment: Assessment | null, { now, said }: Moving): Situation {
  const down = descentText(view, Math.floor(now / 60_000) * 60_000);
  if (down !== null) return said('Going back stage by stage', stopCause(view), `${down}.`);
  if (view.pause !== null) {
    const { reason, since, deadline, then } = view.pause;
    const worse = assessment?.verdict === 'soft' || assessment?.verdict === 'hard';
    const metric =
      assessment?.metric == null
        ? 'a metric'
        : partName({ metric: assessment.metric, slice: assessment.slice });
    const heading = worse ? `Paused: the new path looks worse in ${metric}` : 'Paused';
    const silence = then === 'rollback' ? 'rolls back' : 'steps back';
    const unanswered = `If nobody answers, it ${silence} by itself ${calmly(deadline, now)}.`;
    const due = doubtDue(assessment, now);
    return said(
      `${heading}, ${calmly(since, now)}`,
      reason,
      due === null ? unanswered : `If that stands, it is a stop ${due}. ${unanswered}`,
    );
  }
  if (asksPerson(view.blockers)) {
    const [asked] = view.blockers.filter(({ roles }) => roles.length > 0);
    const until = asked?.until == null ? null : `The answer is due ${calmly(asked.until, now)}.`;
    return said(`Waits for ${asked?.roles.join(' or ')}`, asked?.text ?? null, until);
  }
  if (assessment?.verdict === 'no-data') return said('The gate has no data', assessment.reason, view.next);
  return said(view.phase === 'active' ? 'Running' : 'Submitted', null, view.next);
}

function ago(at: number | null, now: number): string {
  return at === null ? '' : calmly(at, now);
}
