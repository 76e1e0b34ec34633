import { describe, expect, it } from 'vitest';
import { journeys, MIX, type Step } from './journeys.ts';
import { population, USERS } from './population.ts';

function steps(count: number, seed = 3): Step[] {
  const users = journeys(seed);
  return Array.from({ length: count }, () => users.next());
}

describe('the load', () => {
  it('asks for the endpoints in the promised mix', () => {
    const all = steps(40_000);
    for (const [endpoint, share] of Object.entries(MIX)) {
      expect(all.filter((step) => step.endpoint === endpoint).length / all.length).toBeCloseTo(share, 2);
    }
  });

  it('comes from many users of whom some are far more active, 2 % of them employees', () => {
    const all = steps(40_000);
    const visits = new Map<string, number>();
    for (const { visitor } of all) visits.set(visitor.id, (visits.get(visitor.id) ?? 0) + 1);
    expect(visits.size).toBeGreaterThan(3_000);
    const sorted = [...visits.values()].sort((a, b) => b - a);
    const top = sorted.slice(0, sorted.length / 10).reduce((sum, n) => sum + n, 0);
    expect(top / all.length).toBeGreaterThan(0.2);
    const people = population(3);
    const everyone = Array.from({ length: USERS }, (_, i) => people.pick((i + 0.5) / USERS));
    const employees = everyone.filter(({ email }) => email.endsWith('@example.com'));
    expect(employees.length / USERS).toBeGreaterThan(0.015);
    expect(employees.length / USERS).toBeLessThan(0.025);
  });

  it('keeps a user in one region, and repeats itself for the same seed', () => {
    const regions = new Map<string, string>();
    for (const { visitor } of steps(10_000)) {
      expect(regions.get(visitor.id) ?? visitor.region).toBe(visitor.region);
      regions.set(visitor.id, visitor.region);
    }
    expect(new Set(regions.values()).size).toBe(4);
    expect(steps(100)).toEqual(steps(100));
    expect(steps(100)).not.toEqual(steps(100, 4));
  });
});
