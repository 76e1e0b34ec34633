import { expect, it } from 'vitest';
import { excludedNames, excluding, including } from './exclusion.ts';
import { NO_EXPOSURE, sameExposure, withinExposure } from './exposure.ts';
import { Plan } from './plan.ts';
import { stageExposure } from './stages.ts';
import { audience } from './words.ts';

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p', tenant: 'account' },
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp' }],
  stages: [
    { name: 'shadow', shadow: {} },
    { name: '5%', percent: 5 },
  ],
  exclude: { tenants: ['acme'] },
});

it('who is excluded is left out of every stage that serves somebody, and stands in the plan by kind', () => {
  expect(stageExposure(plan, -1)).toEqual(NO_EXPOSURE);
  expect(stageExposure(plan, 0)).toEqual({ ...NO_EXPOSURE, mode: 'shadow' });
  expect(stageExposure(plan, 1)).toEqual({ ...NO_EXPOSURE, percent: 5, without: ['account=acme'] });
  const more = excluding(plan, ['beta', 'account=globex', 'account=acme']);
  expect(more.exclude).toEqual({ segments: ['beta'], tenants: ['acme', 'globex'] });
  expect(excludedNames(including(more, 'account=acme'))).toEqual(['beta', 'account=globex']);
  expect(including(plan, 'account=acme')).not.toHaveProperty('exclude');
  expect(audience(stageExposure(plan, 1))).toBe('5 % without account=acme');
});

it('an exposure that leaves out less is a larger one', () => {
  const all = { ...NO_EXPOSURE, percent: 5 };
  const some = { ...all, without: ['beta'] };
  expect([withinExposure(some, all), withinExposure(all, some), sameExposure(all, some)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(withinExposure(NO_EXPOSURE, some)).toBe(true);
});
