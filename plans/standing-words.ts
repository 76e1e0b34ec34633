import type { Assessment } from './assessment.ts';
import type { CheckAnswer } from './check.ts';
import type { Exclusion } from './exclusion.ts';
import type { Forecast } from './forecast.ts';
import { holding, limits } from './holding-words.ts';
import type { Phase, RolloutView } from './view.ts';
import { audience, cause, duration, moment, relative } from './words.ts';

/** Spelled out here, so that a page in a browser gets the words without the schemas. */
const OVER = ['completed', 'rolled-back', 'rejected', 'abandoned', 'superseded'] satisfies Phase[];

export function isOver({ phase }: Pick<RolloutView, 'phase'>): boolean {
  return OVER.some((one) => one === phase);
}

/** Which rollouts can be taken up again: those that took the canary back, or never gave it. */
const RETRIED = ['rolled-back', 'rejected', 'abandoned'] satisfies Phase[];

export function isRetriable({ phase, watching }: Pick<RolloutView, 'phase' | 'watching'>): boolean {
  return watching === undefined && RETRIED.some((one) => one === phase);
}

/** The stages that a retry may begin at, the first one always: those below had passed their gates. */
export function provenStages({ stages, stage }: Pick<RolloutView, 'stages' | 'stage'>): string[] {
  const reached = stages.findIndex(({ name }) => name === stage);
  return stages.slice(0, Math.max(0, reached) + 1).map(({ name }) => name);
}

/** What must happen before the next stage: blockers of the rollout, then what the gate still lacks. */
export function waits(
  view: Pick<RolloutView, 'phase' | 'blockers' | 'pause'>,
  assessment: Assessment | null,
  now: number,
): string[] {
  if (isOver(view)) return [];
  const gate = assessment === null ? [] : assessment.holding.map((each) => holding(each, assessment.t));
  const blockers = view.blockers
    // The gate's own sentences say more than "the gate has not passed yet".
    .filter((blocker) => !(blocker.kind === 'gate' && gate.length > 0))
    // The pause has a line of its own, with its deadline.
    .filter((blocker) => !(blocker.kind === 'paused' && view.pause !== null))
    .map((blocker) => {
      // A check that failed does not pass by waiting.
      const again = blocker.kind === 'checks' ? 'asked again ' : '';
      const until = blocker.until === null ? '' : ` (${again}${relative(blocker.until, now)})`;
      const roles = blocker.roles.length === 0 ? '' : ` [${blocker.roles.join(', ')}]`;
      return `${blocker.text}${roles}${until}`;
    });
  return [
    ...blockers,
    ...gate,
    ...(assessment === null ? [] : limits(assessment).map((text) => `limit ${text}`)),
  ];
}

/** `100% on Thu 2026-03-05 14:00 UTC at this rate; earliest Wed 2026-03-04 09:00 UTC`. */
export function forecastText({ goal, earliest, expected }: Forecast): string {
  const what = goal ?? 'complete';
  if (expected === null)
    return `${what} on ${moment(earliest)} at the earliest; the present rate says no time`;
  if (expected - earliest < 60_000) return `${what} on ${moment(earliest)}, as early as the plan lets it`;
  return `${what} on ${moment(expected)} at this rate; earliest ${moment(earliest)}`;
}

/** One line for each check before the next stage: what was asked, what came, how long it took. */
export function checkLines({ checks }: Pick<RolloutView, 'checks'>): string[] {
  return (checks?.answers ?? []).map(answerLine);
}

export function answerLine({ name, ok, asked, came, seconds }: CheckAnswer): string {
  return `${ok ? 'passed' : 'failed'}: ${name} (${asked}): ${came}, ${duration(seconds)}`;
}

/** Why it stopped and by whom; null while nothing has stopped it. */
export function stopCause({ stop }: Pick<RolloutView, 'stop'>): string | null {
  return stop === null ? null : `${stop.transition.replaceAll('-', ' ')} by ${cause(stop.cause)}`;
}

export function pauseText(view: Pick<RolloutView, 'phase' | 'pause'>, now: number): string | null {
  if (view.pause === null || isOver(view)) return null;
  const { reason, deadline, then } = view.pause;
  return `${reason}; without an answer ${relative(deadline, now)}: ${then.replaceAll('-', ' ')}`;
}

/**
 * How sure the gate is that the canary is worse, as a share of what a stop needs: ln E over the threshold.
 * Evidence for the canary (a negative ln E) is no evidence against it: 0.
 */
export function sureness(lnE: number, threshold: number): number {
  if (!(threshold > 0) || !Number.isFinite(lnE)) return 0;
  return Math.min(1, Math.max(0, lnE / threshold));
}

/** `43 % of what a stop needs`. */
export function sureText({ lnE, threshold }: Pick<Assessment, 'lnE' | 'threshold'>): string {
  const share = sureness(lnE, threshold);
  return share >= 1
    ? 'sure: as much as a stop needs'
    : `${Math.min(99, Math.round(share * 100))} % of what a stop needs`;
}

/**
 * Who was taken off the canary, by whom and why, and whether the flag has been read back; where the plan only watches, who would
 * be off.
 */
export function excludedLines({
  excluded = [],
  endedAt,
  watching,
}: Pick<RolloutView, 'excluded' | 'endedAt' | 'watching'>): string[] {
  const off = excluded.map((one) => {
    const since =
      one.revision !== null
        ? `since revision ${one.revision}`
        : endedAt === null
          ? 'with the next write of the flag'
          : 'not in force';
    return excludedLine(one, `${since}, by ${one.by} on`);
  });
  const imagined = (watching?.excluded ?? []).map((one) => excludedLine(one, 'would be off since'));
  return [...off, ...imagined];
}

function excludedLine({ name, share, at, reason }: Exclusion, since: string): string {
  const part = share === undefined ? '' : `, ${Math.round(100 * share)} % of the canary's requests`;
  return `${name}${part}, ${since} ${moment(at)}: ${reason}`;
}

/** `25 % → 5 % in 8 min → nobody in 18 min`: how a rollback goes on that takes its time; null: none does. */
export function descentText(
  { descent, exposure }: Pick<RolloutView, 'descent' | 'exposure'>,
  now: number,
): string | null {
  if (descent === undefined) return null;
  const steps = descent.steps.map((step) => `${audience(step.exposure)} ${relative(step.at, now)}`);
  return [audience(exposure), ...steps].join(' → ');
}
