import { expect, it } from 'vitest';
import { Plan } from '../../plans/plan.ts';
import { scopeOf } from './alertmanager.ts';

const plan = (cohorts: object) =>
  Plan.parse({
    metadata: { name: 'a' },
    flag: { key: 'a' },
    source: { cohorts },
    metrics: [{ name: 'e', kind: 'ratio', bad: 'b', total: 't', soft: '+1pp' }],
    stages: [{ name: 's', percent: 5 }],
  });

it.each([
  [{ variant: 'on' }, { label: 'variant', baseline: 'off', canary: 'on' }, 'canary'],
  [{ variant: 'off' }, { label: 'variant', baseline: 'off', canary: 'on' }, 'service'],
  [{}, { label: 'variant', baseline: 'off', canary: 'on' }, 'service'],
  [{ pod: 'new', zone: 'a,b' }, { baseline: 'pod="old"', canary: 'pod="new", zone="a,b"' }, 'canary'],
  [{ pod: 'new' }, { baseline: 'pod="old"', canary: 'pod="new", zone="a,b"' }, 'service'],
  [{ pod: 'new-1' }, { baseline: 'pod=~"old.*"', canary: 'pod=~"new.*"' }, 'service'],
])('labels %j of cohorts %j are about the %s', (labels, cohorts, scope) => {
  expect(scopeOf(labels, plan(cohorts))).toBe(scope);
});
