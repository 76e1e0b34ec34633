import type { Assessment } from '../plans/assessment.ts';
import { sameExposure } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import { partName } from '../plans/slices.ts';
import { stageMax } from '../plans/stages.ts';
import type { ExpectedFlag } from './command.ts';
import type { FlagSight, GateReport } from './event.ts';

/**
 * What of a report a decision can depend on. A gate speaks when this text changes, so that a rollout's history
 * grows with its decisions and not with its polls.
 */
export function reportKey(
  report: Pick<GateReport, 'assessment' | 'flag' | 'overdue'>,
  expected: ExpectedFlag,
): string {
  const { assessment } = report;
  const fired = assessment.limits.filter((limit) => limit.fired).map((limit) => limit.limit);
  return [
    assessment.verdict,
    assessment.metric === null ? '' : partName({ ...assessment, metric: assessment.metric }),
    fired.join(','),
    flagMoved(report.flag, expected) ? 'moved' : '',
    report.flag?.latch === null || report.flag === null ? '' : 'latched',
    report.overdue ? 'overdue' : '',
    ...(assessment.severed ?? []).map(({ who }) => `off ${who}`),
    // A person can accept it, so it must be known.
    ...(assessment.holding.some((one) => one.kind === 'split' && one.seen !== undefined) ? ['split'] : []),
  ].join('|');
}

/** True when the gate had already said so: a person who resumes is not paused again for what was known. */
export function said(key: string, word: string): boolean {
  return key.split('|').some((part) => part.split(',').includes(word));
}

/** True when the flag does not read back as what the rollout last set, or last saw: every change makes a new revision. */
export function flagMoved(sight: FlagSight | null, expected: ExpectedFlag): boolean {
  if (sight === null) return false;
  if (expected.watched === true) return !sameExposure(sight.exposure, expected.exposure);
  if (expected.revision === null) return false;
  return sight.revision !== expected.revision && !isOwnLate(sight, expected);
}

/** True for revisions that can only be the rollout's own offline writes, carried over since. */
export function isOwnLate(
  sight: Pick<FlagSight, 'revision' | 'exposure'>,
  { revision, exposure, offline = 0 }: ExpectedFlag,
): boolean {
  if (revision === null || sight.revision === null || offline === 0) return false;
  const made = sight.revision - revision;
  return made >= 0 && made <= offline && sameExposure(sight.exposure, exposure);
}

/**
 * A stage is overdue when its longest time is over and it has not passed. Where the plan names no `max`, a stage
 * that only waits for traffic goes on waiting: a quiet night pages nobody.
 */
export function overdue(plan: Plan, stageIndex: number, assessment: Assessment, seconds: number): boolean {
  const stage = plan.stages[stageIndex];
  if (stage === undefined || stage.decommission !== undefined) return false;
  if (assessment.verdict !== 'hold' || seconds < stageMax(plan, stageIndex)) return false;
  if (stage.max !== undefined) return true;
  return assessment.holding.some((holding) => {
    // Windows that could not be read have the plan's no-data rule; data that were wrong have nobody but a person.
    if (holding.kind === 'data') return holding.rejections.length === 0;
    // A metric that one cohort has stopped counting while the others go on is no quiet night.
    if (holding.kind === 'quiet') return holding.metric !== null;
    return holding.kind === 'proof' || holding.kind === 'split';
  });
}
