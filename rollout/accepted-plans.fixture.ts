import fc from 'fast-check';
import { stringify } from 'yaml';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import {
  BEHIND,
  decommission,
  entry,
  leading,
  leadingStages,
  optional,
  rare,
  seconds,
  severed,
  tenants,
  whole,
} from './plan-parts.fixture.ts';

/** Names as people may write them, and some that objects have already. */
const name = fc.oneof(
  fc.constantFrom('internal', '5%', 'constructor', '__proto__', 'toString', 'on', 'off'),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const role = fc.constantFrom('lead', 'on-call', 'owner');

const approval = fc.record({
  roles: fc.uniqueArray(role, { minLength: 1, maxLength: 3 }),
  quorum: optional(fc.constantFrom('any', 'all', 1, 2)),
  sla: optional(seconds),
  escalate: optional(fc.record({ channel: fc.constant('pager'), wait: seconds })),
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  then: optional(fc.constantFrom('step-back', 'rollback')),
});

const bad = fc.record({
  kind: fc.constant('ratio'),
  bad: fc.constant('e'),
  total: fc.constant('n'),
  soft: optional(fc.constantFrom('+0.1pp', '+20%', 'min(+0.1pp, +50%)')),
  hard: optional(fc.constantFrom('+0.5pp', '+1pp')),
});
const good = fc.record({
  kind: fc.constant('ratio'),
  good: fc.constant('o'),
  total: fc.constant('n'),
  soft: optional(fc.constant('-1pp')),
  improve: optional(fc.constant('+1pp')),
});
const latency = fc.record({
  kind: fc.constant('latency'),
  histogram: fc.constant('h'),
  soft: optional(fc.constant('+20%')),
  hard: optional(fc.constant('+50%')),
});
const mean = fc.record({
  kind: fc.constant('mean'),
  sum: fc.constant('s'),
  count: fc.constant('c'),
  soft: optional(fc.constant('-5%')),
});
const gauge = fc.record({
  kind: fc.constant('gauge'),
  gauge: fc.constant('g'),
  soft: optional(fc.constant('+20%')),
  compare: optional(fc.constantFrom('cohorts', 'canary')),
});

const common = {
  bake: seconds,
  max: optional(fc.integer({ min: 30, max: 90 }).map((time) => `${time}s`)),
  approval: optional(approval),
  minRequests: optional(fc.nat({ max: 100 })),
  promote: optional(fc.constantFrom({ proof: '0.5pp' }, { proof: '0.5pp', early: '1s' })),
  lease: rare(fc.constant('10m')),
  maxUsers: rare(fc.constant(1000)),
  ...entry,
};
const segments = fc.uniqueArray(fc.constantFrom('employees', 'beta', 'partners'), {
  minLength: 1,
  maxLength: 2,
});
const stage = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ name, ...common, percent: fc.constantFrom(0.01, 0.5, 1, 5, 25, 50, 99, 100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ name, ...common, audience: segments.map((all) => ({ segments: all })) }),
  },
);
type Stage = { name: string; percent?: number };

/** Percentages that increase, names of their own: what the review asks for anyway. */
function inOrder(stages: readonly Stage[]): Stage[] {
  const shares = stages.flatMap(({ percent }) => percent ?? []).toSorted((a, b) => a - b);
  const distinct = [...new Set(shares)];
  const names = new Set<string>();
  return stages.flatMap((one) => {
    const { percent: _, ...rest } = one;
    if (names.has(one.name)) return [];
    const percent = one.percent === undefined ? undefined : distinct.shift();
    if (one.percent !== undefined && percent === undefined) return [];
    names.add(one.name);
    return [percent === undefined ? rest : { ...rest, percent }];
  });
}

const variants = { on: 'on', off: 'off', disabled: 'disabled' };
const safety = fc.constantFrom<{ reversibility?: string; safeExposure?: unknown }>(
  {},
  { reversibility: 'forward-only', safeExposure: 'frozen' },
  { reversibility: 'forward-only', safeExposure: { variant: 'disabled' } },
);

const written = fc
  .record({
    mode: fc.constantFrom('act', 'act', 'act', 'act', 'observe'),
    metrics: fc.array(fc.oneof(bad, good, latency, mean, gauge), { minLength: 1, maxLength: 3 }),
    stages: fc.array(stage, { minLength: 1, maxLength: 6 }),
    leads: leading,
    named: tenants,
    end: optional(decommission),
    limits: optional(fc.constant([{ name: 'ceiling', expr: 'up', above: 1, action: 'rollback' }])),
    policy: fc.record({
      soft: optional(fc.constantFrom('pause', 'rollback', 'step-back')),
      hard: optional(fc.constantFrom('rollback', 'rollback', 'pause')),
      // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
      noData: optional(fc.record({ after: seconds, then: fc.constantFrom('pause', 'rollback') })),
      // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
      pause: optional(fc.record({ deadline: seconds, then: fc.constantFrom('step-back', 'rollback') })),
      sharedService: optional(fc.constantFrom('note', 'wait', 'apart')),
    }),
    approval: optional(approval),
    start: optional(approval),
    lease: optional(fc.constantFrom('1m', '10m')),
    alerts: optional(
      fc.record({
        canary: optional(fc.constantFrom('rollback', 'pause')),
        service: optional(fc.constantFrom('rollback', 'pause', 'note')),
        deploy: optional(fc.constantFrom('pause', 'note')),
        bug: optional(fc.constantFrom('rollback', 'pause', 'note')),
      }),
    ),
    service: optional(fc.constant('shop')),
    users: fc.boolean(),
    safety,
    whole,
  })
  .map((made) => {
    const { metrics, stages, leads, named, end, start, service, users, safety: safe, lease, ...rest } = made;
    const { exclusions, perService, way, start: at, ...all } = made.whole;
    const { whole: _whole, policy, ...others } = rest;
    const runsBehind = leads.dark !== undefined || leads.shadow !== undefined;
    const taken = new Set(['A/A', 'friendly', 'tier', 'behind all']);
    const shared = inOrder(stages.map((one) => withoutUsers(one, users))).filter(
      (one) => !taken.has(one.name),
    );
    const everybody = shared.some(({ percent }) => percent === 100);
    const last = shared.some((one) => one.name === 'decommission') ? 'the end' : 'decommission';
    const severs = all.coverage?.some(({ then }) => then === 'exclude') === true;
    return {
      metadata: { name: 'pricing', ...(service === undefined ? {} : { service }) },
      flag: { key: 'pricing', variants },
      metrics: [
        ...metrics.map((one, index) => ({ name: `m${index}`, ...one })),
        ...(runsBehind ? [BEHIND] : []),
      ],
      stages: [
        ...leadingStages(leads),
        ...(named ?? []),
        ...shared,
        ...(end !== undefined && everybody ? [{ name: last, decommission: end, bake: '10s' }] : []),
      ],
      ...(users ? { source: { users: 'u' } } : {}),
      ...(start === undefined ? {} : { approvals: { start } }),
      ...safe,
      // What is frozen has nothing to fall back to.
      ...(lease === undefined || safe.safeExposure === 'frozen' ? {} : { lease }),
      ...others,
      ...all,
      ...(at === undefined ? {} : { start: at }),
      policy: {
        ...policy,
        ...(safe.reversibility === 'forward-only' ? {} : way),
        ...(severs && exclusions !== undefined ? { exclusions } : {}),
        ...(service !== undefined && perService !== undefined ? { perService } : {}),
      },
    };
  });

/** Users can be capped where somebody counts them. */
function withoutUsers<T extends { maxUsers?: number | undefined }>(one: T, counted: boolean): T {
  const { maxUsers: _most, ...rest } = one;
  return counted ? one : (rest as T);
}

/** Plans that `plan check` accepts, over the whole language; what it refuses is left out. */
const accepted = (data: fc.Arbitrary<object>): fc.Arbitrary<Plan> =>
  data
    .map((one) => parsePlan(stringify(one, { aliasDuplicateObjects: false }), 'plan.yaml'))
    .filter((result) => result.kind === 'ok')
    .map(({ plan }) => plan);

/** Accepted plans of one seed: a failure names the plan, and the seed brings it back. */
export function acceptedPlans(count: number, seed: number): Plan[] {
  return fc.sample(accepted(written), { numRuns: count, seed });
}

/** The same of those that only watch and take slices off alone, which are few among all. */
export function severingWatched(count: number, seed: number): Plan[] {
  const watched = fc.tuple(written, severed).map(([{ safeExposure: _safe, ...data }, coverage]) => ({
    ...data,
    mode: 'observe',
    reversibility: 'reversible',
    coverage,
  }));
  return fc.sample(accepted(watched), { numRuns: count, seed });
}
