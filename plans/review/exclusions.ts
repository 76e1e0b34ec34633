import type { Path } from '../document.ts';
import { exclusionLimits } from '../exclusion-limits.ts';
import { TOLD } from '../names.ts';
import type { Plan } from '../plan.ts';
import { ownLimits, severable, sliceOf, whoIs } from '../slices.ts';
import type { Coverage } from '../stage.ts';
import { audienceOf } from '../stages.ts';
import type { Review, Warn } from './context.ts';

const RULE = 'PLAN-EXCLUDE';
/** Beyond this share what is taken off is no exception any more. */
const WIDE = 0.5;

function listed(plan: Plan): [Path, Coverage][] {
  const of = (list: readonly Coverage[], path: Path) =>
    list.map((one, index): [Path, Coverage] => [[...path, index], one]);
  return [
    ...of(plan.coverage, ['coverage']),
    ...plan.stages.flatMap(({ coverage = [] }, index) => of(coverage, ['stages', index, 'coverage'])),
  ];
}

/** Slices that are taken off by themselves: the flag can leave them out, and the old path can read what was written for them. */
export function reviewExclusions({ plan, error, sound }: Review): void {
  const all = listed(plan);
  for (const [path, { then, segment }] of all) {
    if (segment !== undefined && then !== 'exclude' && sound([...path, 'segment'])) {
      const message = 'nobody is taken off with this slice';
      error([...path, 'segment'], { rule: RULE, message, instead: '`then: exclude` beside it', key: true });
    }
    const why = then === 'exclude' ? unable(plan) : null;
    if (why !== null && sound([...path, 'then']))
      error([...path, 'then'], { rule: RULE, message: why, instead: '`then: stop`' });
  }
  const path = ['policy', 'exclusions'];
  if (
    plan.policy.exclusions !== undefined &&
    !all.some(([, { then }]) => then === 'exclude') &&
    sound(path)
  ) {
    const message = 'no slice is taken off by itself';
    error(path, { rule: RULE, message, instead: '`then: exclude` at a slice of `coverage`', key: true });
  }
}

/** Why nobody can be taken off alone; null: they can. */
function unable({ mode, flag, reversibility }: Plan): string | null {
  // What is told has no provider yet: who watches it tries what the embedded one would do.
  const imagined = mode === 'observe' && flag.provider === TOLD;
  if (flag.provider !== 'embedded' && !imagined)
    return `"${flag.provider}" cannot leave anybody out of what it serves`;
  if (reversibility === 'forward-only')
    return 'the old path may not read what the canary of a forward-only plan has written for them';
  return null;
}

/** The first stage in which all of a slice have the canary, as far as the plan tells; null: none. */
function uncompared(plan: Plan, one: Coverage): string | null {
  const alike = plan.flag.stickiness === sliceOf(one.slice).label;
  const who = whoIs(one);
  const found = plan.stages.find(
    (stage) =>
      stage.percent === 100 ||
      (alike && stage.percent !== undefined) ||
      audienceOf(plan, stage).some((name) => name === who || name === one.slice),
  );
  return found?.name ?? null;
}

/** What nobody hears of, and what hides a release that is bad for everybody. */
export function exclusionRisks(plan: Plan, warn: Warn): void {
  const slices = severable(plan).size;
  if (slices === 0) return;
  const told = new Set<string>(plan.notify.flatMap(({ events }) => events));
  const watched = plan.mode === 'observe' && told.has('would-exclude');
  if (!told.has('excluded') && !told.has('stepped-back') && !watched)
    warn(['notify'], {
      rule: 'PLAN-EXCLUDE-SILENT',
      message: 'nobody is told when a slice is taken off the canary',
      instead: 'a channel in `notify` with events: [excluded]',
      key: true,
    });
  for (const [path, one] of listed(plan)) {
    const where = one.then === 'exclude' ? uncompared(plan, one) : null;
    if (where === null || ownLimits(plan, one.slice).length > 0) continue;
    const message = `in stage ${where} nobody of ${one.slice} has the old path, and no limit judges it alone`;
    const instead = 'a limit with `action: rollback` on a metric that it counts';
    warn([...path, 'then'], { rule: 'PLAN-EXCLUDE-BLIND', message, instead });
  }
  const { most, traffic } = exclusionLimits(plan.policy);
  const all = slices > 1 && most >= slices;
  if (traffic <= WIDE && !all) return;
  const message = all
    ? `all ${slices} slices may be off the canary before the rollout stops`
    : `${Math.round(100 * traffic)} percent of the canary may be off it before the rollout stops`;
  const instead = all ? `\`exclusions: { most: ${slices - 1} }\` or fewer` : '`traffic: 20%`';
  const place = plan.policy.exclusions === undefined ? ['policy'] : ['policy', 'exclusions'];
  warn(place, { rule: 'PLAN-EXCLUDE-WIDE', message, instead, key: true });
}
