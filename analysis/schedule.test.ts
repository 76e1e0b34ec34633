import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Answers } from '../plans/draft/answers.ts';
import { draftText } from '../plans/draft/text.ts';
import { parsePlan } from '../plans/parse.ts';
import { approvalFor } from '../plans/stages.ts';
import { scheduleOf } from './schedule.ts';
import { trafficRisks } from './unseen.ts';

const RISKS = ['low', 'medium', 'high', 'critical'] as const;
const base = {
  name: 'pricing-v2',
  flag: 'pricing-v2',
  service: 'shop',
  risk: 'medium',
  users: 50_000,
  reversibility: 'reversible',
  traffic: 20_000,
  migration: false,
  owner: 'payments',
  ticket: 'PAY-1',
  expires: '2027-06-30',
};

function written(changes: Partial<Record<keyof Answers, unknown>>) {
  const answers = Answers.parse({ ...base, ...changes });
  const schedule = scheduleOf(answers);
  const text = draftText(answers, schedule);
  const parsed = parsePlan(text, 'plan.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings, null, 1));
  const seen = parsed.with({
    knows: 'traffic',
    review: (plan, warn) => trafficRisks(plan, { requestsPerSecond: answers.traffic, warn }),
  });
  return { answers, schedule, text, parsed, seen };
}

describe('a plan that is written from answers passes its review', () => {
  const kinds = RISKS.flatMap((risk) =>
    (['reversible', 'forward-only'] as const).flatMap((reversibility) =>
      [false, true].map((migration) => ({ risk, reversibility, migration })),
    ),
  );
  it.each(kinds)('$risk, $reversibility, data migration: $migration', (kind) => {
    const { parsed, seen, text } = written(kind);
    expect([parsed.warnings, seen.warnings]).toEqual([[], []]);
    expect(text.includes('migration:')).toBe(kind.migration);
    expect(text.includes('variant: disabled')).toBe(kind.reversibility === 'forward-only');
  });

  it('whatever the traffic, the users and the names', { timeout: 240_000 }, () => {
    const word = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== '');
    const changes = fc.record({
      name: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}$/),
      service: word,
      owner: word,
      ticket: word,
      title: word,
      segment: word,
      channel: word,
      pager: fc.oneof(word, fc.constant('releases')),
      risk: fc.constantFrom(...RISKS),
      users: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 1e8 })),
      reversibility: fc.constantFrom('reversible', 'forward-only'),
      traffic: fc
        .double({ min: -3, max: 5, noNaN: true })
        .map((power) => Number((10 ** power).toPrecision(2))),
      migration: fc.boolean(),
      timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
    });
    fc.assert(
      fc.property(changes, (some) => {
        const { parsed, seen, answers, text } = written(some);
        expect(parsed.warnings).toEqual([]);
        expect(seen.warnings).toEqual([]);
        expect(parsed.plan.metadata).toMatchObject({ owner: answers.owner, ticket: answers.ticket });
        // What is allowed says so of the stages that are blind, and nothing else is allowed.
        expect(seen.allowed.every(({ rule }) => rule === 'PLAN-UNSEEN')).toBe(true);
        expect(text.includes('PLAN-UNSEEN')).toBe(seen.allowed.length > 0);
      }),
      { numRuns: 8 },
    );
  });
});

describe('risks differ', () => {
  const plans = RISKS.map((risk) => written({ risk }).parsed.plan);
  const rising = (values: readonly number[]) =>
    values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0));
  const steps = plans.map(({ stages }) => stages.length);
  const days = plans.map(({ stages }) => stages.reduce((sum, { bake }) => sum + bake, 0));
  const asked = plans.map(
    (plan) => [-1, ...plan.stages.keys()].filter((index) => approvalFor(plan, index) !== null).length,
  );
  const margins = plans.map(({ metrics }) => -(metrics[0]?.hard?.absolute ?? 0));
  it('the graver, the more steps, time and approvals, and the tighter the margins', () => {
    expect([steps, days, asked, margins].map(rising)).toEqual([true, true, true, true]);
    expect(plans.map(({ lease }) => lease !== undefined)).toEqual([false, false, false, true]);
    expect(plans.map(({ notify }) => notify.length)).toEqual([1, 2, 2, 2]);
  });

  it('and the more must be there before the first user, which somebody other than who submits may waive', () => {
    const before = plans.map((plan) => plan.before);
    expect(before.map((one) => one?.evidence?.length ?? 0)).toEqual([0, 0, 2, 5]);
    expect(before.map((one) => one?.drill)).toEqual([
      undefined,
      undefined,
      undefined,
      // None of the flag can be there in production, where it has not begun.
      { within: 30 * 86_400, environment: 'staging' },
    ]);
    expect(before.slice(2).every((one) => one?.metrics === 'baseline' && one.waive !== undefined)).toBe(true);
    const text = written({ risk: 'critical' }).text;
    expect(text).toContain('# Nothing starts without: a drill passed in staging, and what is told with');
    expect(written({ risk: 'medium' }).text).not.toContain('before:');
  });

  it('what cannot be undone and moves data is written as high at least, and says so', () => {
    const { text, parsed } = written({ risk: 'low', reversibility: 'forward-only', migration: true });
    expect(text).toContain('Written as high');
    expect(parsed.plan.metadata.risk).toBe('low');
    expect(parsed.plan.approvals.start?.quorum).toBe('all');
  });
});

describe('stages follow the traffic', () => {
  test('less of it makes them longer, up to what is waited for, and the rest is said and allowed', () => {
    const [much, little, hardly] = [2000, 20, 0.5].map((traffic) => written({ risk: 'high', traffic }));
    const bake = (of: typeof much) => of?.parsed.plan.stages.find(({ percent }) => percent === 5)?.bake ?? 0;
    expect(bake(much)).toBe(86_400);
    expect(bake(little)).toBeGreaterThan(86_400);
    expect(bake(little)).toBeLessThanOrEqual(7 * 86_400);
    expect(much?.seen.allowed).toEqual([]);
    expect(hardly?.text).toContain('Not seen in');
    expect(hardly?.seen.allowed.length).toBeGreaterThan(0);
    expect(hardly?.text).toContain('minRequests: half of what the bake time brings');
  });

  test('a stage in which nothing shows, or nobody is, is left out and named, and the steps stay small', () => {
    const { schedule, text, parsed } = written({ risk: 'high', traffic: 0.02, users: 100_000 });
    expect(schedule.left.map(({ percent }) => percent)).toContain(1);
    expect(text).toContain('No stage of 1 %: at 0.02 requests/s not even a hard margin shows');
    expect(parsed.plan.stages.map(({ percent }) => percent)).toContain(5);
    const few = written({ risk: 'high', users: 300 });
    expect(few.text).toContain('No stage of 1 %: 3 users a day are a handful');
    // What stands above the plan is true of it.
    const steps = few.parsed.plan.stages.filter(({ percent }) => percent !== undefined);
    const least = Math.min(...steps.map((stage) => stage.bake)) / 86_400;
    expect(few.text).toContain(
      `: ${steps.length} steps from ${steps[0]?.percent} %, each of ${least}d or more; other people agree`,
    );
  });
});
