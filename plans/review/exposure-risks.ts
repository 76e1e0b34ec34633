import type { Path } from '../document.ts';
import { type Limit, needsBaseline } from '../limit.ts';
import type { Plan } from '../plan.ts';
import { parseRange, type WeeklyRange, type Windows } from '../windows.ts';
import type { Warn } from './context.ts';

/** Times more users than the stage before. */
const LARGEST_JUMP = 5;
const LARGEST_FIRST = 5;
const DAY = 86_400;

/** Who gets the canary how fast, and when. */
export function exposureRisks(plan: Plan, warn: Warn): void {
  stepRisks(plan, warn);
  peakRisk(plan, warn);
  const first = plan.stages.findIndex(({ percent }) => percent !== undefined);
  if (!plan.stages.some(({ audience }, index) => audience !== undefined && (first < 0 || index < first))) {
    const instead = 'a first stage with `audience: { segments: [...] }`';
    warn(['stages'], {
      rule: 'PLAN-NO-INTERNAL',
      message: 'the public gets the canary before your own people',
      instead,
      key: true,
    });
  }
  fullRisk(plan, warn);
  if (plan.mode === 'act') fridayRisk(plan, warn);
}

function stepRisks({ stages }: Plan, warn: Warn): void {
  let before: { name: string; percent: number } | null = null;
  stages.forEach(({ name, percent }, index) => {
    if (percent === undefined) return;
    const path = ['stages', index, 'percent'];
    // Whole tenants before it are the public already.
    const tenants = stages.some(
      ({ audience, waves }, at) =>
        at < index && (audience?.tenants ?? audience?.tenantsFrom ?? waves) !== undefined,
    );
    if (before === null && percent > LARGEST_FIRST && !tenants) {
      const message = `the first public stage gives the canary to ${percent} percent at once`;
      warn(path, { rule: 'PLAN-BIG-FIRST-STEP', message, instead: 'a stage of 1 before it' });
    }
    // What a plan writes as 0.2 is held in binary.
    if (before !== null && percent > before.percent * LARGEST_JUMP * (1 + 1e-9)) {
      const times = Number((percent / before.percent).toPrecision(2));
      const message = `${times} times the users of "${before.name}" (${before.percent} percent) at once`;
      const most = Number((before.percent * LARGEST_JUMP).toPrecision(6));
      warn(path, { rule: 'PLAN-BIG-JUMP', message, instead: `a stage of ${most} or less between the two` });
    }
    before = { name, percent };
  });
}

function peakRisk({ stages }: Plan, warn: Warn): void {
  const shared = stages.filter(({ percent }) => percent !== undefined);
  const compared = shared.filter(({ percent = 0 }) => percent < 100);
  // A plan that compares nothing has its peak at 100 % or nowhere.
  const public_ = compared.length > 0 ? compared : shared;
  const [first] = public_;
  if (first === undefined || public_.some(({ bake }) => bake >= DAY)) return;
  warn(['stages', stages.indexOf(first)], {
    rule: 'PLAN-NO-PEAK',
    message: 'no public stage that is compared lasts a day, so that none surely meets the daily peak',
    instead: '`bake: 24h` or more in one of them',
  });
}

/** At 100 % only a limit that needs no baseline is left; what runs behind the old path is not read there. */
function fullRisk({ stages, limits, metrics }: Plan, warn: Warn): void {
  const full = stages.findIndex((stage) => stage.percent === 100);
  if (full < 0) return;
  const unserved = new Set(metrics.filter(({ of }) => of === 'shadow').map(({ name }) => name));
  const watches = (limit: Limit) => !needsBaseline(limit) && !unserved.has(limit.metric ?? '');
  if (limits.some(watches)) return;
  const none = limits.length === 0 ? 'no limit watches it' : 'every limit needs one';
  warn(['stages', full, 'percent'], {
    rule: 'PLAN-NO-BASELINE',
    message: `at 100 percent there is no baseline to compare with, and ${none}`,
    instead: 'a limit of a fixed value, such as `{ metric: errors, above: 5%, for: 5m, action: rollback }`',
  });
}

const THURSDAY = 4;
const FRIDAY = 5;
const NOON = 12 * 60;

/** Afternoon is from noon to midnight, in the time zone of the windows. A stage's own are in place of those at the top. */
function fridayRisk({ windows, stages }: Plan, warn: Warn): void {
  const rising = stages.filter(({ decommission }) => decommission === undefined);
  if (rising.some((stage) => stage.windows === undefined)) fridayOf(windows, ['windows'], warn);
  stages.forEach((stage, index) => {
    if (stage.windows !== undefined && rising.includes(stage))
      fridayOf(stage.windows, ['stages', index, 'windows'], warn);
  });
}

function fridayOf(windows: Windows | undefined, path: Path, warn: Warn): void {
  const instead = 'windows that end on Friday noon, such as `allow: ["Mon-Thu 09:00-16:00"]`';
  const rule = 'PLAN-FRIDAY';
  if (windows === undefined || windows.allow.length === 0) {
    const message =
      path.length === 1
        ? 'without windows the exposure rises on a Friday afternoon too'
        : 'these windows name no hours: the stage opens on a Friday afternoon too';
    warn(path, { rule, message, instead, key: true });
    return;
  }
  windows.allow.forEach((text, index) => {
    const range = parseRange(text);
    if (typeof range === 'string' || !onFridayAfternoon(range)) return;
    warn([...path, 'allow', index], { rule, message: 'this is open on a Friday afternoon', instead });
  });
}

function onFridayAfternoon({ days, from, to }: WeeklyRange): boolean {
  const overnight = to <= from;
  if (days.has(FRIDAY) && (overnight || to > NOON)) return true;
  return overnight && days.has(THURSDAY) && to > NOON;
}
