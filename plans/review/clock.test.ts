import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePlan, type SoundPlan } from '../parse.ts';
import { besideClock, type Clock, overdueFinding } from './clock.ts';

const NOW = Date.parse('2026-03-02T09:00Z');
const BASE = `
metadata: { name: pricing }
metrics:
  - { name: errors, kind: ratio, bad: e, total: n, soft: +0.1pp, hard: +0.5pp }
`;
const FLAG = 'flag: { key: pricing, expires: 2027-06-30 }\n';
const STAGES = `stages:
  - { name: 1%, percent: 1, bake: 24h }
  - { name: 100%, percent: 100, bake: 24h }
`;

function sound(more: string, { flag = FLAG, stages = STAGES } = {}): SoundPlan {
  const parsed = parsePlan(`${BASE}${flag}${more}\n${stages}`, 'plan.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings, null, 1));
  return parsed;
}

const RULES = ['PLAN-EXPIRED', 'PLAN-DEADLINE-SHORT', 'PLAN-PAST'];

/** `RULE path: message` of what the clock shows. */
function found(plan: SoundPlan, by: Partial<Clock> = {}): string[] {
  return plan
    .with(besideClock({ now: NOW, ...by }))
    .warnings.filter(({ rule }) => RULES.includes(rule))
    .map(({ rule, path, message }) => `${rule} ${path}: ${message}`);
}

const overdue = (plan: SoundPlan, by: Partial<Clock> = {}) =>
  overdueFinding({ text: '', file: 'plan.yaml' }, { ...plan, now: NOW, ...by });

describe('a plan beside the clock', () => {
  it('says nothing of what is to come', () => {
    const more = `start: { at: 2026-03-03T09:00Z }
deadline: { at: 2026-03-06T09:00Z }
windows: { holidays: [2025-12-25, 2026-03-02], freezes: [{ from: 2025-12-20, to: 2026-01-02 }, { from: 2026-03-01, to: 2026-03-02 }] }`;
    expect(found(sound(more))).toEqual([]);
    expect(overdue(sound(more))).toBeNull();
  });

  it.each([
    [
      'start: { at: 2026-03-02T09:59+01:00 }',
      'PLAN-PAST start.at: this time is over: the rollout does not wait for it',
    ],
    [
      'windows: { freezes: [{ from: 2025-12-20, to: 2026-01-02 }, { from: 2025-08-01, to: 2025-08-31 }] }',
      'PLAN-PAST windows.freezes: the last freeze ended on 2026-01-02: none is to come',
    ],
    [
      'windows: { holidays: [2025-12-25] }',
      'PLAN-PAST windows.holidays: the last holiday was on 2025-12-25: none is to come',
    ],
    [
      'deadline: { at: 2026-03-04T08:59Z }',
      'PLAN-DEADLINE-SHORT deadline.at: the deadline comes first: from its first stage on the rollout takes until 2026-03-04 09:00 UTC at least',
    ],
    [
      'deadline: { after: 47h }',
      'PLAN-DEADLINE-SHORT deadline.after: the deadline comes first: from its first stage on the rollout takes until 2026-03-04 09:00 UTC at least',
    ],
    // Nothing opens before Friday.
    [
      'deadline: { at: 2026-03-04T12:00Z }\nwindows: { freezes: [{ from: 2026-03-03, to: 2026-03-05 }] }',
      'PLAN-DEADLINE-SHORT deadline.at: the deadline comes first: from its first stage on the rollout takes until 2026-03-07 00:00 UTC at least',
    ],
  ])('%s', (more, expected) => {
    expect(found(sound(more))).toEqual([expected]);
  });

  it('says where the flag is to be gone already, or before the rollout can be over', () => {
    const expires = (day: string) => sound('', { flag: `flag: { key: pricing, expires: ${day} }\n` });
    expect(found(expires('2026-03-01'))).toEqual([
      'PLAN-EXPIRED flag.expires: this day is over, and the flag is still to be used',
    ]);
    expect(found(expires('2026-03-02'))).toEqual([
      'PLAN-EXPIRED flag.expires: the flag is to be gone while the rollout uses it: from its first stage on the rollout takes until 2026-03-04 09:00 UTC at least',
    ]);
    expect(found(expires('2026-03-04'))).toEqual([]);
  });

  it('counts days by the clock of the windows', () => {
    const freeze = (zone: string) =>
      `windows: { timezone: ${zone}, freezes: [{ from: 2026-03-01, to: 2026-03-01 }] }`;
    const early = Date.parse('2026-03-02T01:00Z');
    expect(found(sound(freeze('America/New_York')), { now: early })).toEqual([]);
    expect(found(sound(freeze('Europe/Berlin')), { now: early })).toHaveLength(1);
  });

  it('says where a day that a step is due comes before the step can begin', () => {
    const steps = (due: string) =>
      sound('', {
        stages: `${STAGES}  - { name: decommission, decommission: { cleanFor: 7d, steps: [{ name: code, kind: code, due: ${due} }] } }\n`,
      });
    expect(found(steps('2026-03-10'))).toEqual([
      'PLAN-PAST stages[2].decommission.steps[0].due: this day comes before the step can begin: from its first stage on the rollout takes until 2026-03-11 09:00 UTC at least',
    ]);
    expect(found(steps('2026-03-11'))).toEqual([]);
    expect(found(steps('14d'))).toEqual([]);
  });

  it('knows the days of a list by its name, where the list is known', () => {
    const plan = sound('windows: { holidays: berlin }');
    expect(found(plan)).toEqual([]);
    expect(found(plan, { holidays: { berlin: ['2025-12-25'] } })).toEqual([
      'PLAN-PAST windows.holidays: the last holiday of "berlin" in tidegate.yaml was on 2025-12-25: none is to come',
    ]);
    expect(found(plan, { holidays: { berlin: ['2026-12-25', '2025-12-25'] } })).toEqual([]);
  });

  it('a deadline that is over is an error', () => {
    const late = sound('deadline: { at: 2026-03-02T09:00Z, then: rollback }');
    expect(overdue(late)).toMatchObject({
      severity: 'error',
      rule: 'PLAN-DEADLINE',
      path: 'deadline.at',
      message: 'the deadline is over: the rollout would be rolled back before it does anything',
    });
    expect(found(late)).toEqual([]);
  });

  it('says nothing anew of what the plan that it amends says too', () => {
    const more = `start: { at: 2026-03-01T09:00Z }
deadline: { at: 2026-03-01T12:00Z }
windows: { holidays: [2025-12-25], freezes: [{ from: 2025-12-20, to: 2026-01-02 }] }`;
    const flag = 'flag: { key: pricing, expires: 2026-03-01 }\n';
    const plan = sound(more, { flag });
    expect(found(plan)).toHaveLength(4);
    expect(found(plan, { before: plan.plan })).toEqual([]);
    expect(overdue(plan, { before: plan.plan })).toBeNull();
    const other = sound('');
    expect(found(plan, { before: other.plan })).toHaveLength(4);
    expect(overdue(plan, { before: other.plan })).not.toBeNull();
  });

  it('can be allowed, and is not asked for where no clock is known', () => {
    const allow =
      'windows: { holidays: [2025-12-25] }\nallow: [{ rule: PLAN-PAST, reason: the list of next year is not out yet }]';
    const plan = sound(allow);
    const unused = (one: SoundPlan) => one.warnings.some(({ rule }) => rule === 'PLAN-ALLOW-UNUSED');
    expect(unused(plan)).toBe(false);
    const seen = plan.with(besideClock({ now: NOW }));
    expect(unused(seen)).toBe(false);
    expect(seen.allowed.map(({ rule }) => rule)).toContain('PLAN-PAST');
    expect(unused(plan.with(besideClock({ now: Date.parse('2025-12-01T00:00Z') })))).toBe(true);
  });

  it('the examples have what is to come, on the day on which they were written', () => {
    const folder = new URL('../examples/', import.meta.url);
    const names = readdirSync(folder).filter((one) => one.endsWith('.yaml'));
    const seen = names.map((name) => {
      const parsed = parsePlan(readFileSync(new URL(name, folder), 'utf8'), name);
      return [name, parsed.kind === 'ok' ? found(parsed) : parsed.findings];
    });
    expect(seen).toEqual(names.map((name) => [name, []]));
  });
});
