import fc from 'fast-check';

/* The parts of the plan language beside metrics, shares and approvals, for plans of every kind. */

export const seconds = fc.integer({ min: 1, max: 30 }).map((time) => `${time}s`);
export const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Seldom there: most plans have few of these parts at once. */
export const rare = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const OTHERS = ['acme', 'globex', 'hooli', 'stark', 'wayne', 'tyrell'];

/** Entries of a stage: hours of its own, other rollouts, checks. */
const requirement = fc.record({
  rollout: fc.constant('checkout'),
  reached: fc.constantFrom('5%', '25%', 'completed', { stage: '25%' }),
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  then: fc.constantFrom('pause', 'rollback', 'note'),
});
const hours = fc.constantFrom(
  { allow: ['Mon-Thu 09:00-16:00'] },
  { allow: ['00:00-23:59'], timezone: 'America/New_York' },
  { freezes: [{ from: '1970-01-01', to: '1970-01-01' }] },
  { allow: ['01:00-23:00'], freezes: [{ from: '1970-01-03', to: '1970-01-04' }], bakeOutsideFreezes: true },
  { allow: ['Mon-Sun 22:00-24:00'], holidays: ['1970-01-01', '1970-01-05'], timezone: 'Europe/Berlin' },
);
const check = fc.constantFrom(
  { name: 'ready', http: { url: 'https://status.example.com/' } },
  { name: 'sums', sql: { database: 'orders', query: 'select 1', expect: { value: 1 } } },
  { name: 'smoke', command: ['smoke'], retries: 2 },
);

export const entry = {
  windows: rare(hours),
  requires: rare(requirement.map((one) => [one])),
  checks: rare(check.map((one) => [one])),
};

/** Stages in which nobody is served, which come first, with the metric that they read. */
export const leading = fc.record({
  aa: rare(fc.constantFrom({}, { percent: 10 })),
  dark: rare(fc.constantFrom([5], [1, 10])),
  shadow: rare(fc.constantFrom({}, { parity: '1%' })),
});
export type Leading = typeof leading extends fc.Arbitrary<infer T> ? T : never;

export const BEHIND = {
  name: 'behind',
  of: 'shadow',
  kind: 'ratio',
  bad: 's',
  total: 'm',
  soft: '+1pp',
  hard: '+5pp',
};

export function leadingStages({ aa, dark, shadow }: Leading): object[] {
  return [
    ...(aa === undefined ? [] : [{ name: 'A/A', aa, bake: '10s' }]),
    ...(dark ?? []).map((percent) => ({ name: `dark ${percent}`, dark: { percent }, bake: '10s' })),
    ...(shadow === undefined ? [] : [{ name: 'behind all', shadow, bake: '10s' }]),
  ];
}

/** Tenants by list and in waves; each is named once. */
export const tenants = rare(
  fc
    .tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.constantFrom({ size: 1 }, { size: 2 }, { share: ['50%', '100%'] }, { size: 2, order: ['tyrell'] }),
    )
    .map(([listed, waves]) => [
      { name: 'friendly', audience: { tenants: OTHERS.slice(0, listed) }, bake: '10s' },
      { name: 'tier', waves: { of: OTHERS.slice(listed), ...waves }, bake: '10s' },
    ]),
);

const SLICES = ['tenant=acme', 'tenant=globex', 'tier=beta'];

function slicesThat(then: string) {
  return fc.subarray(SLICES, { minLength: 1 }).map((slices) =>
    slices.map((slice) => ({
      slice,
      minRequests: 5,
      // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
      then,
      ...(slice === 'tier=beta' && then === 'exclude' ? { segment: 'beta' } : {}),
    })),
  );
}

/** Slices that are taken off by themselves. */
export const severed = slicesThat('exclude');

/** What holds for the whole plan. */
export const whole = fc.record({
  windows: optional(hours),
  requires: rare(requirement.map((one) => [one])),
  before: rare(
    fc.record({
      metrics: fc.constantFrom('baseline', 'both'),
      evidence: optional(fc.constant(['tests', 'sign-off'])),
      waive: optional(fc.constant({ roles: ['lead'] })),
    }),
  ),
  start: rare(fc.constantFrom({ at: '1970-01-01T00:20:00Z' }, { at: '1970-01-02T09:00+01:00' })),
  deadline: rare(
    fc.record({
      after: fc.constantFrom('10m', '3d'),
      // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
      then: fc.constantFrom('pause', 'rollback'),
    }),
  ),
  exclude: rare(fc.constantFrom({ tenants: ['initech'] }, { segments: ['beta'] })),
  coverage: rare(fc.constantFrom('stop', 'exclude').chain(slicesThat)),
  exclusions: rare(fc.record({ most: fc.integer({ min: 1, max: 3 }), traffic: fc.constant('10%') })),
  perService: rare(fc.integer({ min: 1, max: 2 })),
  /** The way back of a soft stop and of a person. */
  way: fc.constantFrom<object>(
    {},
    {},
    { soft: 'step-back', retry: { wait: '1h', times: 2 } },
    { soft: 'rollback', rollback: 'progressive', every: '30s' },
    { rollback: 'progressive' },
  ),
});

export const decommission = fc.record({
  cleanFor: fc.constant('10s'),
  unused: optional(fc.constant('up')),
  confirm: optional(fc.constant({ roles: ['owner'] })),
  steps: optional(fc.constant([])),
});
