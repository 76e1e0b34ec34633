import fc from 'fast-check';
import { stringify } from 'yaml';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';

const seconds = fc.integer({ min: 1, max: 30 }).map((time) => `${time}s`);
/** Names as people may write them, and some that objects have already. */
const name = fc.oneof(
  fc.constantFrom('internal', '5%', 'constructor', '__proto__', 'toString', 'on', 'off'),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const role = fc.constantFrom('lead', 'on-call', 'owner');
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

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
  promote: optional(fc.constant({ proof: '0.5pp' })),
  lease: optional(fc.constant('10m')),
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
    end: fc.boolean(),
    limits: optional(fc.constant([{ name: 'ceiling', expr: 'up', above: 1, action: 'rollback' }])),
    policy: optional(
      fc.record({
        soft: optional(fc.constantFrom('pause', 'rollback', 'step-back')),
        hard: optional(fc.constantFrom('rollback', 'rollback', 'pause')),
        // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
        noData: optional(fc.record({ after: seconds, then: fc.constantFrom('pause', 'rollback') })),
        // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
        pause: optional(fc.record({ deadline: seconds, then: fc.constantFrom('step-back', 'rollback') })),
        sharedService: optional(fc.constantFrom('note', 'wait')),
      }),
    ),
    approval: optional(approval),
    start: optional(approval),
    lease: optional(fc.constantFrom('1m', '10m')),
    windows: optional(
      fc.constantFrom(
        { allow: ['Mon-Thu 09:00-16:00'] },
        { allow: ['00:00-23:59'] },
        { freezes: [{ from: '1970-01-01', to: '1970-01-01' }] },
      ),
    ),
    alerts: optional(
      fc.record({
        canary: optional(fc.constantFrom('rollback', 'pause')),
        service: optional(fc.constantFrom('rollback', 'pause', 'note')),
      }),
    ),
    coverage: optional(
      fc.constantFrom(
        [{ slice: 'tier=enterprise', minRequests: 5 }],
        // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
        [{ slice: 'tier=enterprise', minRequests: 5, then: 'exclude' }],
      ),
    ),
    service: optional(fc.constant('shop')),
    safety,
  })
  .map(({ metrics, stages, end, start, service, safety: safe, lease, mode, ...rest }) => {
    const shared = inOrder(stages);
    const whole = shared.some(({ percent }) => percent === 100);
    const names = new Set(shared.map((one) => one.name));
    const last = names.has('decommission') ? 'the end' : 'decommission';
    return {
      metadata: { name: 'pricing', ...(service === undefined ? {} : { service }) },
      flag: { key: 'pricing', variants },
      metrics: metrics.map((one, index) => ({ name: `m${index}`, ...one })),
      stages:
        end && whole ? [...shared, { name: last, decommission: { cleanFor: '10s' }, bake: '10s' }] : shared,
      ...(start === undefined ? {} : { approvals: { start } }),
      ...safe,
      mode,
      // What is frozen has nothing to fall back to.
      ...(lease === undefined || safe.safeExposure === 'frozen' ? {} : { lease }),
      ...rest,
    };
  });

/** Plans that `plan check` accepts, over the whole language; what it refuses is left out. */
const accepted: fc.Arbitrary<Plan> = written
  .map((data) => parsePlan(stringify(data, { aliasDuplicateObjects: false }), 'plan.yaml'))
  .filter((result) => result.kind === 'ok')
  .map(({ plan }) => plan);

/** Accepted plans of one seed: a failure names the plan, and the seed brings it back. */
export function acceptedPlans(count: number, seed: number): Plan[] {
  return fc.sample(accepted, { numRuns: count, seed });
}
