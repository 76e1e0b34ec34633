import type { Assessment } from '../../../plans/assessment.ts';
import { isOver, isRetriable } from '../../../plans/standing-words.ts';
import type { RolloutView } from '../../../plans/view.ts';
import type { Powers } from '../../../server/api/console-board.ts';

export const DEEDS = [
  'approve',
  'confirm',
  'accept-difference',
  'accept-split',
  'accept-drift',
  'resume',
  'recheck',
  'waive',
  'reject',
  'step-back',
  'pause',
  'exclude',
  'include',
  'rollback',
  'kill',
  'abandon',
  'retry',
] as const;
export type Deed = (typeof DEEDS)[number];

export interface Offer {
  deed: Deed;
  label: string;
  /** Why this person cannot do it; null: it is theirs to do. */
  refused: string | null;
  /** A reason must be given. */
  reason: boolean;
}

export interface Asked {
  view: RolloutView;
  assessment: Assessment | null;
  powers: Powers;
  /** In whose name the person acts, and in which roles of plans. */
  person: string;
  roles: readonly string[];
}

/** The way of the server's API for each. */
export function pathOf(deed: Deed): string {
  return deed === 'accept-difference' || deed === 'accept-split' ? 'approve' : deed;
}

/** What makes sense now, the answer to what is asked first, and why it is not for this person. */
export function offersOf(asked: Asked): Offer[] {
  const { view, assessment } = asked;
  if (isRetriable(view)) return [offer('retry', 'Retry', submitterRefusal(asked), true)];
  if (isOver(view) || view.phase === 'reverting') return [];
  // What goes back already can only go back faster.
  if (view.descent !== undefined)
    return [
      offer('rollback', 'Roll back at once', operatorRefusal(asked)),
      offer('exclude', 'Take somebody off', operatorRefusal(asked), true),
      offer('kill', 'Kill the flag', operatorRefusal(asked), true),
    ];
  const soft = view.pause !== null && assessment?.verdict === 'soft';
  const split = assessment?.holding.some((one) => one.kind === 'split' && one.seen !== undefined) === true;
  const approval = view.blockers.find(({ kind }) => APPROVALS.some((one) => one === kind));
  const hard = assessment?.verdict === 'hard';
  const offers: Offer[] = [];
  if (approval !== undefined && !hard) {
    const verb = approval.kind === 'confirmation' ? 'Confirm' : 'Approve';
    offers.push(offer('approve', verb, approverRefusal(asked, approval.roles)));
    offers.push(offer('reject', 'Reject', null));
  } else if (soft) {
    offers.push(offer('accept-difference', 'Accept the difference', approverRefusal(asked, [])));
  } else if (split && !hard) {
    offers.push(offer('accept-split', 'Accept the split', approverRefusal(asked, []), true));
  }
  const last = view.blockers.find(({ kind }) => kind === 'point-of-no-return');
  if (last !== undefined && view.pause === null)
    offers.push(offer('confirm', 'Confirm the point of no return', approverRefusal(asked, last.roles)));
  const { drift } = view;
  if (drift?.accepts != null)
    offers.push(offer('accept-drift', 'Accept what is served', operatorRefusal(asked)));
  if (view.pause !== null && !soft && !hard) offers.push(offer('resume', 'Resume', operatorRefusal(asked)));
  if (lacksPreparation(view)) offers.push(offer('waive', 'Begin without', approverRefusal(asked, []), true));
  if (view.checks?.state === 'failed')
    offers.push(offer('recheck', 'Ask the checks again', recheckRefusal(asked)));
  if (view.phase === 'active') {
    if (view.stages.some(({ state }) => state === 'done'))
      offers.push(offer('step-back', 'Step back', operatorRefusal(asked)));
    if (view.pause === null) offers.push(offer('pause', 'Pause', operatorRefusal(asked)));
  }
  offers.push(offer('exclude', 'Take somebody off', operatorRefusal(asked), true));
  if (view.excluded !== undefined)
    offers.push(offer('include', 'Let somebody in again', operatorRefusal(asked), true));
  offers.push(offer('rollback', 'Roll back', operatorRefusal(asked)));
  offers.push(offer('abandon', leavesFlag(view) ? 'Abandon' : 'Abandon and lower', operatorRefusal(asked)));
  offers.push(offer('kill', 'Kill the flag', operatorRefusal(asked), true));
  return offers;
}

const APPROVALS = ['start-approval', 'approval', 'confirmation'] as const;

function offer(deed: Deed, label: string, refused: string | null, reason = false): Offer {
  return { deed, label, refused, reason };
}

function approverRefusal({ view, powers, person, roles }: Asked, wanted: readonly string[]): string | null {
  if (!powers.may.includes('approve')) return `${person} may not approve here.`;
  if (view.submittedBy === person) return `${person} submitted this rollout: somebody else approves it.`;
  if (wanted.length > 0 && !wanted.some((role) => roles.includes(role)))
    return `It takes ${wanted.join(' or ')}; ${person} is ${roles.length === 0 ? 'none of them' : roles.join(', ')}.`;
  return null;
}

function submitterRefusal({ powers, person }: Asked): string | null {
  return powers.may.includes('submit') ? null : `${person} may not submit here.`;
}

/** There is a stage below to stop at on the way back; the server decides the rest. */
export function canTakeItsTime({
  phase,
  stages,
  descent,
}: Pick<RolloutView, 'phase' | 'stages' | 'descent'>): boolean {
  return phase === 'active' && descent === undefined && stages.some(({ state }) => state === 'done');
}

/** Where a rollout may be left with its flag as it is. */
export function leavesFlag({
  exposure: { percent, segments, variant },
}: Pick<RolloutView, 'exposure'>): boolean {
  return (percent === 100 && variant === null) || (percent === 0 && segments.length === 0);
}

/** What the plan asks for before the start is not there; it is told from its other checks by its name. */
function lacksPreparation({ stage, checks }: RolloutView): boolean {
  const answers = checks?.state === 'failed' && stage === null ? checks.answers : [];
  return answers.some(({ name, ok }) => !ok && name.startsWith('before: '));
}

function recheckRefusal({ powers, person }: Asked): string | null {
  const may = powers.may.includes('operate') || powers.may.includes('submit');
  return may ? null : `${person} may not ask the checks here.`;
}

function operatorRefusal({ powers, person }: Asked): string | null {
  return powers.may.includes('operate') ? null : `${person} may not operate here.`;
}
