import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePlan } from './parse.ts';
import { stageExposure } from './stages.ts';
import { listed, wavesOf } from './waves.ts';
import { audience } from './words.ts';

const text = readFileSync(new URL('examples/tenants.yaml', import.meta.url), 'utf8');

function said(was: string, by: string): string[] {
  if (!text.includes(was)) throw new Error(`no "${was}"`);
  const parsed = parsePlan(text.replace(was, by), 'p.yaml');
  return (parsed.kind === 'ok' ? parsed.warnings : parsed.findings).map(
    ({ rule, path, message }) => `${rule} ${path}: ${message}`,
  );
}

describe('tenants', () => {
  it('in waves are stages of the plan that is submitted, in the order that is asked for', () => {
    const parsed = parsePlan(text, 'p.yaml');
    if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
    const { plan } = parsed;
    const waves = plan.stages.filter(({ name }) => name.startsWith('enterprise'));
    expect(waves.map(({ name, audience: of, bake, waves: left }) => [name, of?.tenants, bake, left])).toEqual(
      [
        ['enterprise 1/3', ['stark', 'wayne'], 172_800, undefined],
        ['enterprise 2/3', ['hooli', 'umbrella'], 172_800, undefined],
        ['enterprise 3/3', ['tyrell', 'cyberdyne'], 172_800, undefined],
      ],
    );
    // Who has the canary keeps it.
    expect(stageExposure(plan, 4).segments).toEqual([
      ...['tidegate', 'tidegate-sandbox', 'acme', 'globex', 'initech'].map((name) => `tenant=${name}`),
      'free-tier',
      'tenant=stark',
      'tenant=wayne',
    ]);
    expect(audience(stageExposure(plan, 4))).toBe(
      'free-tier + tenant=tidegate + tenant=tidegate-sandbox + tenant=acme + tenant=globex + tenant=initech + 2 more',
    );
  });

  it('of a number that the size does not divide leave a smaller wave at the end', () => {
    expect(wavesOf(listed(['a', 'b', 'c', 'd', 'e']), { size: 2, order: ['e'] })).toEqual([
      ['e', 'a'],
      ['b', 'c'],
      ['d'],
    ]);
  });

  it.each([
    [
      '[acme, globex, initech]',
      '[acme, globex, acme]',
      'PLAN-TENANTS stages[2].audience.tenants[2]: the tenant "acme" is twice in this list',
    ],
    [
      '[hooli, umbrella,',
      '[acme, umbrella,',
      'PLAN-TENANTS stages[4].waves.of[0]: the tenant "acme" is already in stage "friendly"',
    ],
    [
      'order: [stark, wayne]',
      'order: [stark, batman]',
      'PLAN-TENANTS stages[4].waves.order[1]: "batman" is none of the tenants in `of`',
    ],
    [
      'audience: { segments: [free-tier] }',
      'audience: {}',
      'PLAN-STAGE stages[3].audience: nobody is named in this audience',
    ],
    [
      'percent: 100, bake: 7d',
      'percent: 50, bake: 7d',
      'PLAN-TENANT-SHARE stages[5].percent: 50 percent of the tenants are drawn by chance, and the gate takes their requests for independent ones',
    ],
    [
      'size: 2, order: [stark, wayne]',
      'share: [50%, 20%]',
      'PLAN-TENANTS stages[4].waves.share[1]: a wave has nobody whom the one before had not',
    ],
    [
      'size: 2, order: [stark, wayne]',
      'share: [10%, 100%]',
      'PLAN-TENANTS stages[4].waves.share[0]: no tenant fits into this wave: each is 16.7 percent of them',
    ],
    [
      ', size: 2, order: [stark, wayne]',
      '',
      'PLAN-TENANTS stages[4].waves: nothing says how large a wave is',
    ],
    [
      'of: [hooli, umbrella, stark, wayne, tyrell, cyberdyne], size: 2',
      'size: 2',
      'PLAN-TENANTS stages[4].waves: nothing says who is in these waves',
    ],
    [
      'size: 2, order: [stark, wayne]',
      'size: 2, from: { database: crm, query: select 1 }',
      'PLAN-TENANTS stages[4].waves.from: the tenants are listed and asked for',
    ],
  ])('%j written as %j', (was, by, wanted) => {
    expect(said(was, by)).toContain(wanted);
  });

  it('are at most a hundred waves', () => {
    const many = Array.from({ length: 500 }, (_, i) => `t${i}`).join(', ');
    expect(
      said(
        'of: [hooli, umbrella, stark, wayne, tyrell, cyberdyne], size: 2, order: [stark, wayne]',
        `of: [${many}], size: 2`,
      ),
    ).toContain('PLAN-TENANTS stages[4].waves.size: 500 tenants in waves of 2 are 250 stages');
  });
});
