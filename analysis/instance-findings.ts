import type { Plan } from '../plans/plan.ts';
import type { InstancesSeen, PreflightFinding } from '../plans/preflight.ts';
import { isCounted } from '../plans/slices.ts';
import { isTested } from '../plans/stages.ts';
import { duration } from '../plans/words.ts';
import { ALIKE, noisierBy, withFewer } from './canary-noise.ts';
import type { Learnt } from './history.ts';
import { mayLast } from './lasting-noise.ts';
import { isCompared } from './margins.ts';
import { STANDS } from './stops.ts';

/** What numbers of instances keep a gate from knowing how much the canary differs by itself. Null: they are not known. */
export function instanceFindings(
  plan: Plan,
  seen: InstancesSeen | null,
  { dispersion }: Pick<Learnt, 'dispersion'>,
): PreflightFinding[] {
  const stages = plan.stages.filter(isCompared).map(({ name }) => name);
  const tested = plan.metrics.filter((metric) => isTested(plan, metric));
  if (seen === null || stages.length === 0 || tested.length === 0) return [];
  const { baseline, canary, unnamed, days } = seen;
  const at = { severity: 'warning', check: 'noise', where: plan.source.replicas } as const;
  if (unnamed > 0 && baseline > 0)
    return [
      {
        ...at,
        message: `${unnamed} series of the baseline name no instance: how many there are is not known, and how much the canary differs by itself is not measured`,
        instead: 'the label on all series of the cohorts, or another one in `source.replicas`',
      },
    ];
  if (canary === 0 || baseline <= 1) return [];
  const past = `in the last ${days === 1 ? 'day' : `${days} days`} the canary ran on ${canary === 1 ? 'one instance' : `${canary} instances`} at most, the baseline runs on ${baseline}`;
  const ratio = baseline / canary;
  const more =
    ratio > ALIKE
      ? `taken to be like one of the baseline's, so that cohorts differ by ${Number(withFewer(ratio).toPrecision(2))} times the variance that is planned with below`
      : "taken to be like one of the baseline's";
  if (canary === 1) {
    const most = tested
      .filter(isCounted)
      .map(({ name }) => noisierBy(plan, { ratio, lasts: mayLast(dispersion[name] ?? []) }));
    return [
      {
        ...at,
        message: `${past}: how much one differs by itself cannot be measured. It is ${more}; ${ifNoisier(Math.max(1, ...most))}`,
        instead: `two instances of the canary at least, from stage ${stages[0]} on`,
      },
    ];
  }
  if (ratio <= ALIKE) return [];
  return [
    {
      ...at,
      message: `${past}: each is ${more}, and what is found takes longer than they say`,
      instead: `more instances of the canary, or longer stages`,
    },
  ];
}

/** What comes of a canary of one instance that is noisier than each of the baseline's: so many times as noisy, and a stop waits until that is ruled out. */
export function ifNoisier(noisier: number): string {
  const found =
    noisier > 1
      ? `a stop must stand for ${duration(STANDS)}, or for one that is ${noisier} times as noisy`
      : 'no stop waits until one is ruled out that is noisier';
  return `${found} (\`analysis.canaryNoise\`)`;
}
