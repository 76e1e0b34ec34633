import type { Verdict } from './assessment.ts';
import { sureness } from './standing-words.ts';
import type { RolloutView } from './view.ts';
import { duration, relative } from './words.ts';

/** What a list of rollouts knows of each; times in milliseconds since 1970. */
export interface BoardFacts
  extends Pick<
    RolloutView,
    'phase' | 'stage' | 'submittedAt' | 'stageSince' | 'endedAt' | 'blockers' | 'next' | 'pause'
  > {
  /** How many stages there are, and how many of them are done. */
  stages: number;
  done: number;
  /** Why it stopped and by whom. */
  stop: string | null;
  /** The latest look of the present stage's gate; null: none yet. */
  gate: { verdict: Verdict; lnE: number; threshold: number; metric: string | null } | null;
}

/** How the new path does, in a few words. */
export function healthText({ gate, endedAt, stop }: BoardFacts): string {
  if (endedAt !== null) return stop === null ? 'nothing found' : 'stopped';
  if (gate === null) return 'no look yet';
  switch (gate.verdict) {
    case 'pass':
      return 'as good as before';
    case 'hold':
      return gate.lnE < gate.threshold ? 'nothing found yet' : 'worse, or noise';
    case 'soft':
      return `worse: ${gate.metric ?? 'a metric'}`;
    case 'hard':
      return `much worse: ${gate.metric ?? 'a metric'}`;
    case 'no-data':
      return 'no data';
  }
}

/** How far the evidence against the new path is towards a stop, 0 to 1; null: there is none to show. */
export function healthShare({ gate, endedAt }: BoardFacts): number | null {
  return gate === null || endedAt !== null ? null : sureness(gate.lnE, gate.threshold);
}

/** `12 min in stage`, in whole minutes, so that nothing flickers. */
export function ageText(row: BoardFacts, now: number): string {
  if (row.endedAt !== null) return minutes(now - row.endedAt, 'ago');
  if (row.pause !== null) return minutes(now - row.pause.since, 'paused');
  return minutes(now - (row.stageSince ?? row.submittedAt), row.stageSince === null ? 'waiting' : 'in stage');
}

function minutes(ms: number, what: string): string {
  return ms < 60_000 ? `under 1 min ${what}` : `${duration(Math.floor(ms / 60_000) * 60)} ${what}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** What happens next, and what if nobody answers. */
export function nextText(row: BoardFacts, now: number): string {
  if (row.endedAt !== null) return row.stop ?? '';
  if (row.pause === null) return row.next;
  const { reason, deadline, then } = row.pause;
  return `${sentence(reason)} Without an answer ${relative(Math.ceil(deadline / 60_000) * 60_000, Math.floor(now / 60_000) * 60_000)}: ${then.replaceAll('-', ' ')}.`;
}

/** Who must act: the roles that are asked, `an operator`, or `nobody`. */
export function mustAct(row: BoardFacts): string {
  if (row.endedAt !== null) return 'nobody';
  const roles = [...new Set(row.blockers.flatMap((blocker) => blocker.roles))];
  if (roles.length > 0) return roles.join(', ');
  if (row.pause !== null) return 'an operator';
  return row.blockers.some(({ kind }) => kind === 'split') ? 'an approver' : 'nobody';
}

/** `stage 25%`, or that there is none yet. */
export function stageText({ stage }: BoardFacts): string {
  return stage === null ? 'not begun' : `stage ${stage}`;
}

/** `2 of 3`; empty once it is over. */
export function stageCount({ stages, done, endedAt }: BoardFacts): string {
  return endedAt === null ? `${Math.min(stages, done + 1)} of ${stages}` : '';
}
