import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileConfig } from '../flags/platforms/config.ts';
import { createFile } from '../flags/platforms/file.ts';
import { MEMBER_LIMIT } from '../plans/flag/segment.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';

let server: ApiServer;
beforeAll(async () => {
  const gitops = createFile('gitops', FileConfig.parse({ kind: 'file', path: '{environment}.json' }), {});
  server = await startApiServer({ providers: { gitops: gitops.can } });
});
afterAll(() => server.close());

const ada = { by: 'ada', roles: ['on-call'], reason: 'test' };
async function call(method: string, path: string, body?: unknown) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${server.token}` };
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${server.url}${path}`, { method, headers, ...json });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) };
}
const post = (path: string, body: object) => call('POST', `/api/v1${path}`, { ...ada, ...body });
const get = (path: string) => call('GET', `/api/v1${path}`);
const define = (key: string, definition: object, create = true) =>
  post(`/flags/${key}/definition`, { definition: { purpose: 'ops', ...definition }, create });
const variant = async (key: string, context: object) =>
  (await call('POST', `/ofrep/v1/evaluate/flags/${key}`, { context })).body.variant;
const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const tidegate = (...args: string[]) =>
  startCommand(args, { cwd: server.dataDir, env: { TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' } })
    .ended;
async function sql(statement: string, values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  await client.query(statement, values);
  await client.end();
}

describe('a flag made by hand', () => {
  test('reaches nobody, is moved by hand, and goes back to a revision', async () => {
    expect(await define('dark', { kind: 'boolean', description: 'dark theme' })).toMatchObject({
      status: 200,
      body: { revision: 1, lifecycle: 'Proposed', live: false, exposure: { percent: 0 } },
    });
    expect(await variant('dark', { targetingKey: 'u' })).toBe('off');
    const on = await post('/flags/dark/exposure', { on: true });
    expect(on.body).toMatchObject({ lifecycle: 'Proposed', exposure: { percent: 100 } });
    expect(await variant('dark', { targetingKey: 'u' })).toBe('on');
    expect((await define('dark', { kind: 'boolean', owner: 'web' }, false)).body.revision).toBe(3);
    const undone = await post('/flags/dark/undo', { to: 1 });
    expect(undone.body).toMatchObject({
      kept: null,
      flag: { revision: 4, exposure: { percent: 0 }, definition: { description: 'dark theme', owner: null } },
    });
    const { revisions } = (await get('/flags/dark/revisions')).body;
    expect(revisions.map(({ author }: { author: string }) => author)).toEqual(['ada', 'ada', 'ada', 'ada']);
    expect(revisions[1].changes).toEqual(['description: "dark theme" → ""', 'owner: null → "web"']);
    expect((await get('/flags/dark/diff?from=1&to=2')).body.changes).toContainEqual({
      path: 'exposure.percent',
      before: 0,
      after: 100,
    });
    expect((await get('/flags/dark/diff?from=9')).body).toMatchObject({ code: 'REVISION_UNKNOWN' });
    expect((await define('dark', { kind: 'boolean' })).body.code).toBe('FLAG_EXISTS');
  });

  test('belongs to a flag set, by option or file, and its clients may ask for that alone', async () => {
    const because = ['--reason', 'test'];
    const options = ['--purpose', 'ops', '--flag-set', 'checkout'];
    expect(await tidegate('flags', 'create', 'cart', ...options, ...because)).toMatchObject({ status: 0 });
    const { out } = await tidegate('flags', 'show', 'cart');
    expect(out).toMatch(/flag set +checkout/);
    const today = new Date().toISOString().slice(0, 10);
    expect(out).toMatch(new RegExp(`created +${today}, `));
    const shown = JSON.parse((await tidegate('flags', 'show', 'cart', '--json')).out);
    expect(new Date(shown.createdAt).toISOString()).toContain(today);
    const entry = { owner: null, purpose: 'ops', expires: null, lifecycle: 'Proposed', flagSet: 'checkout' };
    expect(JSON.parse((await tidegate('flags', 'list', 'cart', '--json')).out)).toMatchObject(entry);
    const { flags } = JSON.parse((await tidegate('flags', '--json')).out);
    expect(flags.find(({ key }: { key: string }) => key === 'cart')).toMatchObject(entry);
    expect((await tidegate('flags', 'list', 'cart')).out).toMatch(
      /cart +production +nobody +Proposed +– +ops/,
    );
    // Not by OFREP: what evaluates is counted, and another test counts.
    const keys = async () => {
      const set = await call('GET', '/flags/v1/production.json?flagSetId=checkout');
      return Object.keys((set.body as { flags?: object }).flags ?? {});
    };
    await expect.poll(keys).toEqual(['cart']);
    const text = 'flags: [{ key: cart-v2, kind: boolean, purpose: ops, flagSet: checkout }]';
    expect((await post('/flag-file', { text })).status).toBe(200);
    await expect.poll(keys).toEqual(['cart', 'cart-v2']);
    await tidegate('flags', 'edit', 'cart', '--flag-set', 'none', ...because);
    await expect.poll(keys).toEqual(['cart-v2']);
    expect((await get('/flags/cart/definition')).body.definition).not.toHaveProperty('flagSet');
    const own = await define('cart', { kind: 'boolean', flagSet: 'production' }, false);
    expect(own.body.details).toEqual([expect.stringContaining('flagSet: all flags of an environment')]);
  });

  test.each([
    [{ kind: 'rule', rules: [{ give: 'blue' }] }, 'rules[0].give: the flag has no variant "blue"'],
    [{ kind: 'percentage', exclude: ['vib'] }, 'exclude[0]: there is no segment "vib"'],
    [
      { kind: 'percentage', variants: { on: true, off: 'no' } },
      'variants.off: "off" is text and "on" is boolean',
    ],
    [
      { kind: 'percentage', requires: [{ flag: 'none', variants: ['on'] }] },
      'requires[0].flag: there is no flag "none"',
    ],
    [{ kind: 'percentage', purpose: 'release' }, 'expires: a release flag made by hand ends some day'],
  ])('that cannot be served is refused with the place: %j', async (definition, detail) => {
    const { status, body } = await define('broken', definition);
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'FLAG_INVALID' });
    expect(body.details.join('\n')).toContain(detail);
    expect((await get('/flags/broken/definition')).status).toBe(404);
  });

  test('that would close a circle is refused with the way', async () => {
    await define('first', { kind: 'percentage' });
    await define('second', { kind: 'percentage', requires: [{ flag: 'first', variants: ['on'] }] });
    const requires = [{ flag: 'second', variants: ['on'] }];
    const { body } = await define('first', { kind: 'percentage', requires }, false);
    expect(body.details).toEqual([
      'requires[0].flag: a circle: first → second → first. Instead: take one of them out',
    ]);
  });
});

test('two edits at once that would close a circle: one is taken, the other is refused', async () => {
  for (let n = 0; n < 5; n += 1) {
    const [a, b] = [`ring-a-${n}`, `ring-b-${n}`];
    await define(a, { kind: 'percentage' });
    await define(b, { kind: 'percentage' });
    const needing = (flag: string) => ({ kind: 'percentage', requires: [{ flag, variants: ['on'] }] });
    const both = await Promise.all([define(a, needing(b), false), define(b, needing(a), false)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 422]);
    expect(both.find(({ status }) => status === 422)?.body.details.join()).toContain('a circle');
  }
});

test('a definition has at most 256 KiB', async () => {
  const text = (kib: number) => ({ on: 'x'.repeat(kib * 1024), off: '' });
  const large = await define('large', { kind: 'percentage', variants: text(255) });
  expect(large.body.details ?? []).toEqual([]);
  const { status, body } = await define('larger', { kind: 'percentage', variants: text(256) });
  expect({ status, code: body.code }).toEqual({ status: 422, code: 'FLAG_INVALID' });
  expect(body.details.join()).toContain('256 KiB at most');
  // What it would have with what it needs counts too: a chain of flags is one definition.
  const rules = (kib: number) => [
    {
      when: [
        {
          attribute: 'a',
          operator: 'in',
          values: Array.from({ length: kib }, (_, n) => `${n}`.padEnd(1000, 'y')),
        },
      ],
      give: 'on',
    },
  ];
  for (const key of ['part-a', 'part-b'])
    expect((await define(key, { kind: 'rule', rules: rules(100) })).status).toBe(200);
  const requires = ['part-a', 'part-b'].map((flag) => ({ flag, variants: ['on'] }));
  const whole = await define('whole', { kind: 'rule', rules: rules(90), requires });
  expect(whole.body.details?.join()).toContain('KiB');
});

describe('a kill and a rollout', () => {
  test('a kill takes everybody out, also those of rules and of flags that need it, and undo brings nobody back', async () => {
    const rules = [{ when: [{ attribute: 'country', operator: 'in', values: ['de'] }], give: 'on' }];
    await define('root', { kind: 'rule', rules });
    await define('leaf', { kind: 'boolean', requires: [{ flag: 'root', variants: ['on'] }] });
    await post('/flags/root/exposure', { on: true });
    await post('/flags/leaf/exposure', { on: true });
    const german = { targetingKey: 'u', country: 'de' };
    expect([await variant('root', german), await variant('leaf', german)]).toEqual(['on', 'on']);
    await post('/flags/root/kill', {});
    expect([await variant('root', german), await variant('leaf', german)]).toEqual(['off', 'off']);
    expect((await post('/flags/root/exposure', { on: true })).body.code).toBe('FLAG_LATCHED');
    expect((await post('/flags/root/undo', { to: 2 })).body).toMatchObject({
      kept: 'latched',
      flag: { live: false, latch: { by: 'ada' } },
    });
    await post('/flags/root/unlock', {});
    expect(await variant('root', german)).toBe('off');
  });

  test('a rollout that claims a flag keeps its rules, and nothing by hand raises it', async () => {
    await post('/segments', {
      segment: { name: 'never', rules: [{ attribute: 'tier', operator: 'equals', values: ['gold'] }] },
    });
    await define('claimed', { kind: 'percentage', exclude: ['never'], owner: 'shop' });
    await post('/flags/claimed/exposure', { percent: 20 });
    await post('/flags/claimed/exposure', { percent: 0 });
    const { body } = await post('/rollouts', { reason: undefined, text: planFor('claimed') });
    expect(body.id).toBe('claimed-1');
    const flag = (await get('/flags/claimed/definition')).body;
    expect(flag).toMatchObject({ rolloutId: 'claimed-1', definition: { exclude: ['never'], owner: 'shop' } });
    const target = { environment: 'production', key: 'claimed' };
    await server.flags.write({
      ...target,
      rolloutId: 'claimed-1',
      epoch: flag.epoch,
      exposure: { percent: 100, segments: [], variant: null },
      direction: 'raise',
      expectedRevision: null,
      author: 'claimed-1',
      reason: 'stage',
    });
    await expect.poll(() => variant('claimed', { targetingKey: 'u' })).toBe('on');
    expect(await variant('claimed', { targetingKey: 'u', tier: 'gold' })).toBe('off');
    await post('/flags/claimed/exposure', { percent: 5 });
    expect((await post('/flags/claimed/undo', { to: 2 })).body).toMatchObject({
      kept: 'owned',
      flag: { exposure: { percent: 5 }, rolloutId: 'claimed-1' },
    });
    const other = await define('claimed', { kind: 'percentage', baseline: 'on', canary: 'off' }, false);
    expect(other.body.code).toBe('FLAG_OWNED');
  });

  test('a plan for a flag with a split, or with variants of another type, is refused', async () => {
    const variants = { grey: '#888', red: '#f00', blue: '#00f' };
    const shape = { variants, baseline: 'grey', canary: 'red' };
    const split = Object.keys(variants).map((name, n) => ({ variant: name, percent: n === 0 ? 50 : 25 }));
    await define('colour', { kind: 'multivariate', split, ...shape });
    await define('tint', { kind: 'percentage', ...shape });
    for (const key of ['colour', 'tint']) {
      const { status, body } = await post('/rollouts', { reason: undefined, text: planFor(key) });
      expect({ status, code: body.code }).toEqual({ status: 422, code: 'FLAG_INVALID' });
    }
  });

  test.each([
    ['exclude', { kind: 'percentage', exclude: ['employees'] }],
    ['requires', { kind: 'percentage', requires: [{ flag: 'needed-there', variants: ['on'] }] }],
    ['optIn', { kind: 'percentage', optIn: ['volunteers'] }],
    ['who', { kind: 'targeting', who: { segments: ['employees'] } }],
    ['rules', { kind: 'rule', rules: [{ segments: ['employees'], give: 'off' }] }],
    ['mode', { kind: 'percentage', mode: 'shadow' }],
    ['drill', { kind: 'percentage', drill: { errorRate: 0.5 } }],
  ])('a plan for a platform that would serve it without its %s is refused', async (part, definition) => {
    await define('needed-there', { kind: 'percentage' });
    await post('/segments', { segment: { name: 'volunteers', joinable: true } });
    const key = `there-${part.toLowerCase()}`;
    expect((await define(key, definition)).body.details ?? []).toEqual([]);
    const text = planFor(key).replace(`key: ${key}`, `key: ${key}, provider: gitops`);
    const { status, body } = await post('/rollouts', { reason: undefined, text });
    expect({ status, code: body.code, where: body.where }).toMatchObject({
      status: 422,
      code: 'FLAG_INVALID',
      where: expect.stringMatching(/: flag\.provider$/),
    });
    expect(body.details.join()).toContain(`the definition has \`${part}\``);
    expect((await get(`/rollouts?flag=${key}`)).body.rollouts).toEqual([]);
  });

  test('one that is only described is no reason to refuse a plan for a platform', async () => {
    await define('there-plain', { kind: 'boolean', owner: 'web', description: 'plain' });
    const text = planFor('there-plain').replace('key: there-plain', 'key: there-plain, provider: gitops');
    expect((await post('/rollouts', { reason: undefined, text })).status).toBe(201);
  });

  test('of a flag on a platform what it is for people is edited, and nothing that is served', async () => {
    const target = { environment: 'production', key: 'theirs' };
    const shape = {
      variants: { on: true, off: false },
      baseline: 'off',
      canary: 'on',
      stickiness: 'targetingKey',
    };
    const names = { name: 'theirs', flag: 'theirs', environment: 'production', service: null };
    const plan = { metadata: {}, stages: [] };
    const { id } = await server.rollouts.create({ ...names, text: '', plan, submittedBy: 'ada' });
    await server.flagStore.claim(target, { ...shape, provider: 'gitops' }, id);
    await server.flagStore.release(target, id);
    const told = [
      '--owner',
      'web',
      '--expires',
      '2999-06-30',
      '--description',
      'said',
      '--purpose',
      'experiment',
    ];
    const edited = await tidegate('flags', 'edit', 'theirs', ...told, '--reason', 'hygiene');
    expect(edited).toMatchObject({ status: 0, err: '' });
    const { body } = await get('/flags/theirs/definition');
    const people = { owner: 'web', expires: '2999-06-30', description: 'said', purpose: 'experiment' };
    expect(body).toMatchObject({ exposure: { percent: 0 }, definition: people });
    expect((await server.flagStore.read(target))?.shape.provider).toBe('gitops');
    const found = JSON.parse((await tidegate('flags', 'lint', '--json')).out).findings;
    expect(found.filter(({ flag }: { flag: string }) => flag === 'theirs')).toEqual([]);
    for (const definition of [
      { ...people, kind: 'percentage', exclude: ['employees'] },
      { ...people, kind: 'percentage', mode: 'shadow' },
      { ...people, kind: 'percentage', baseline: 'on', canary: 'off' },
      { ...people, kind: 'boolean' },
    ])
      expect((await define('theirs', definition, false)).body.code).toBe('NOT_SUPPORTED');
    expect((await post('/flags/theirs/exposure', { percent: 5 })).body.code).toBe('NOT_SUPPORTED');
    const undone = await post('/flags/theirs/undo', { to: body.revision - 1 });
    expect(undone).toMatchObject({
      status: 200,
      body: { flag: { definition: { owner: null, purpose: 'release' } } },
    });
    // Where it stood elsewhere at that revision, it is not this one's to bring back.
    await server.flagStore.set(target, { percent: 5, segments: [], variant: null }, 'them', 'moved there');
    expect((await post('/flags/theirs/undo', { to: body.revision })).body.code).toBe('NOT_SUPPORTED');
  });

  test('a file with a flag of another platform is applied whole or not at all', async () => {
    const target = { environment: 'production', key: 'elsewhere' };
    const variants = { on: true, off: false };
    const shape = { variants, baseline: 'off', canary: 'on', stickiness: 'targetingKey' };
    await server.flagStore.claim(target, { ...shape, provider: 'gitops' }, 'r-9');
    await server.flagStore.release(target, 'r-9');
    const revision = (await server.flagStore.read(target))?.revision;
    const file = (lines: string) => `segments: [{ name: newcomers, joinable: true }]
flags:
  - { key: beside, kind: percentage, purpose: ops, owner: web }
  - { key: elsewhere, kind: percentage, owner: web, expires: 2999-06-30, ${lines} }`;
    const apply = (lines: string, dryRun = false) =>
      post('/flag-file', { text: file(lines), file: 'flags.yaml', dryRun, reason: 'a test' });
    for (const [lines, details] of [
      [
        'percent: 25',
        [/^flags\[1\] \(elsewhere in production\): "gitops" serves it, at 0 %\. Instead: take out `percent`/],
      ],
      ['exclude: [employees]', [/is not told of its definition/]],
      ['percent: 25, exclude: [employees]', [/is not told of its definition/, /take out `percent`/]],
    ] as const)
      for (const dryRun of [true, false]) {
        const { status, body } = await apply(lines, dryRun);
        expect([status, body.code]).toEqual([422, 'NOT_SUPPORTED']);
        expect(body.detail).toContain('none of it was applied');
        expect(body.details).toEqual(details.map((one) => expect.stringMatching(one)));
      }
    expect(await server.flagStore.read(target)).toMatchObject({ revision, spec: { owner: null } });
    expect((await get('/flags/beside/definition')).status).toBe(404);
    expect((await get('/segments')).body.segments.map(({ name }: { name: string }) => name)).not.toContain(
      'newcomers',
    );
    expect(await apply('description: theirs')).toMatchObject({ status: 200, body: { applied: true } });
    expect(await server.flagStore.read(target)).toMatchObject({
      spec: { owner: 'web' },
      exposure: { percent: 0 },
    });
    expect((await get('/flags/beside/definition')).status).toBe(200);
  });

  test('a flag that a plan makes has the plan’s owner and ends by its rollout', async () => {
    const text = planFor('planned').replace('service: shop', 'service: shop, owner: payments');
    await post('/rollouts', { reason: undefined, text });
    expect((await get('/flags/planned/definition')).body.definition).toMatchObject({
      purpose: 'release',
      owner: 'payments',
      description: 'Test of planned',
    });
  });

  test('a flag that a plan makes is in the flag set that the plan names, and one that was there stays where it is', async () => {
    const text = (set: string) => planFor('grouped').replace('key: grouped', `key: grouped, flagSet: ${set}`);
    const target = { environment: 'production', key: 'grouped' };
    const shape = {
      variants: { on: true, off: false },
      baseline: 'off',
      canary: 'on',
      stickiness: 'targetingKey',
    };
    const set = async () => (await get('/flags/grouped')).body.flagSet;
    const first = (await post('/rollouts', { reason: undefined, text: text('checkout') })).body.id;
    await server.flagStore.claim(target, shape, first);
    await expect.poll(set).toBe('checkout');
    expect(server.flagService.document('production', 'checkout').text).toContain('"grouped"');
    await server.flagStore.release(target, first);
    await post(`/rollouts/${first}/actions/rollback`, { reason: 'enough' });
    const next = (await post('/rollouts', { reason: undefined, text: text('other') })).body.id;
    await server.flagStore.claim(target, shape, next);
    expect((await server.flagStore.read(target))?.spec?.flagSet).toBe('checkout');
  });

  test('a flag that a plan makes expires when the plan says, else 90 days after its stages, and its history tells', async () => {
    const made = async (key: string, text: string) => {
      const { id } = (await post('/rollouts', { reason: undefined, text })).body;
      const shape = {
        variants: { on: true, off: false },
        baseline: 'off',
        canary: 'on',
        stickiness: 'targetingKey',
      };
      await server.flagStore.claim({ environment: 'production', key }, shape, id);
      const [first] = (await get(`/flags/${key}/revisions`)).body.revisions.slice(-1);
      return {
        expires: (await get(`/flags/${key}/definition`)).body.definition.expires,
        reason: first.reason,
      };
    };
    const said = planFor('ends').replace('key: ends', 'key: ends, expires: 2999-06-30');
    expect(await made('ends', said)).toEqual({ expires: '2999-06-30', reason: 'created and claimed' });
    const days = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
    const before = days(90 + 40);
    const silent = planFor('silent')
      .replace('bake: 1h', 'bake: 30d')
      .replace('cleanFor: 1h', 'cleanFor: 10d');
    const { expires, reason } = await made('silent', silent.replace('100, bake: 1h', '100, bake: 0s'));
    expect([before, days(90 + 40)]).toContain(expires);
    expect(reason).toBe(
      `created and claimed; expires ${expires}, 90 days after its stages: the plan does not say`,
    );
  });
});

describe('segments', () => {
  test('of tidegate.yaml are listed and kept, and no other has their name', async () => {
    expect((await get('/segments/employees')).body.source).toBe('configuration');
    expect((await post('/segments', { segment: { name: 'employees' } })).body).toMatchObject({
      code: 'SEGMENT_INVALID',
      where: 'tidegate.yaml: segments.employees',
    });
  });

  test('are joined and left by people, and change what they get', async () => {
    await post('/segments', { segment: { name: 'beta', joinable: true } });
    await define('fresh', { kind: 'percentage', optIn: ['beta'] });
    await post('/flags/fresh/exposure', { on: true });
    await post('/segments/beta/leave', { key: 'bob' });
    await expect.poll(() => variant('fresh', { targetingKey: 'bob' })).toBe('off');
    expect(await variant('fresh', { targetingKey: 'eve' })).toBe('on');
    await post('/flags/fresh/exposure', { percent: 0, on: true });
    await post('/segments/beta/join', { key: 'ann' });
    await expect.poll(() => variant('fresh', { targetingKey: 'ann' })).toBe('on');
    expect((await post('/segments/beta/remove', {})).body).toMatchObject({
      code: 'SEGMENT_IN_USE',
      details: ['fresh in production: optIn.0'],
    });
    const { revisions } = (await get('/segments/beta/revisions')).body;
    expect(revisions.map(({ change }: { change: string }) => change)).toEqual([
      'ann joined',
      'bob left',
      'defined: 0 rules, joinable',
    ]);
  });

  test('show what changed, and go back to a revision without moving people', async () => {
    const gold = (values: string[], more = {}) => ({
      segment: { name: 'tiers', rules: [{ attribute: 'tier', operator: 'in', values }], ...more },
    });
    await post('/segments', gold(['gold'], { joinable: true }));
    await post('/segments/tiers/leave', { key: 'bob' });
    await post('/segments', gold(['gold', 'silver'], { joinable: true }));
    await post('/segments/tiers/join', { key: 'ann' });
    const rules = (values: string[]) => [{ attribute: 'tier', operator: 'in', values, not: false }];
    expect((await get('/segments/tiers/diff?from=1')).body).toEqual({
      from: 1,
      to: 4,
      changes: [
        { path: 'joined', before: [], after: ['ann'] },
        { path: 'left', before: [], after: ['bob'] },
        { path: 'rules', before: rules(['gold']), after: rules(['gold', 'silver']) },
      ],
    });
    expect((await tidegate('flags', 'segments', 'diff', 'tiers', '2', '3')).out).toContain('rules:');
    const undone = await tidegate('flags', 'segments', 'undo', 'tiers', '--to', '1', '--reason', 'too wide');
    expect(undone).toMatchObject({ status: 0, err: '' });
    expect((await get('/segments/tiers')).body).toMatchObject({
      rules: rules(['gold']),
      joined: ['ann'],
      left: ['bob'],
    });
    expect((await get('/segments/tiers/revisions')).body.revisions[0]).toMatchObject({
      revision: 5,
      author: 'ada',
      reason: 'too wide',
    });

    // Whoever had left must not be a member again because the segment was gone for a while.
    await post('/segments/tiers/remove', {});
    expect((await post('/segments/tiers/undo', { to: 6 })).body).toMatchObject({ code: 'SEGMENT_INVALID' });
    expect((await post('/segments/tiers/undo', { to: 3 })).body).toMatchObject({ joined: [], left: ['bob'] });
    expect((await get('/segments/tiers/diff?from=3')).body.changes).toEqual([]);
    expect((await post('/segments/tiers/undo', { to: 99 })).body).toMatchObject({ code: 'REVISION_UNKNOWN' });
    expect((await post('/segments/nobody/undo', { to: 1 })).body).toMatchObject({ code: 'SEGMENT_UNKNOWN' });
    expect((await get('/segments/nobody/diff')).body).toMatchObject({ code: 'SEGMENT_UNKNOWN' });
  });

  test('take so many people and no more', async () => {
    await post('/segments', { segment: { name: 'crowd', joinable: true } });
    const keys = JSON.stringify(Array.from({ length: MEMBER_LIMIT }, (_, n) => `p-${n}`));
    await sql('update segments set joined = $1::jsonb where name = $2', [keys, 'crowd']);
    expect((await post('/segments/crowd/join', { key: 'p-7' })).status).toBe(200);
    expect((await post('/segments/crowd/join', { key: 'one-more' })).body).toMatchObject({
      code: 'SEGMENT_FULL',
      detail: '1000 people have joined the segment crowd: no more fit.',
    });
  });
});

test('a definition that came past the review is not served: the last good one is, and a kill counts all the same', async () => {
  await post('/segments', {
    segment: { name: 'gold', rules: [{ attribute: 'tier', operator: 'equals', values: ['gold'] }] },
  });
  await define('guarded', { kind: 'percentage', exclude: ['gold'] });
  await post('/flags/guarded/exposure', { percent: 100 });
  const change = `with changed as (update flags set spec = $1::jsonb, revision = revision + 1 where key = 'guarded' returning *)
    select pg_notify('tidegate_flags', json_build_object('environment', environment, 'key', key, 'revision', revision)::text) from changed`;
  await sql(change, [JSON.stringify({ kind: 'sideways' })]);
  await expect
    .poll(async () => (await get('/flags/guarded/definition')).body.refused, { timeout: 10_000 })
    .toContain('kind');
  expect(await variant('guarded', { targetingKey: 'u', tier: 'gold' })).toBe('off');
  expect(await variant('guarded', { targetingKey: 'u' })).toBe('on');
  await post('/flags/guarded/kill', {});
  expect(await variant('guarded', { targetingKey: 'u' })).toBe('off');
});

test('the example flags are applied by a command, once', async () => {
  const file = fromRoot('examples/flags.yaml');
  expect((await tidegate('flags', 'apply', file, '--dry-run')).out).toContain(
    '+ flag button-colour in production',
  );
  expect((await get('/flags/button-colour/definition')).status).toBe(404);
  const { status, out, err } = await tidegate('flags', 'apply', file, '--reason', 'begin');
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toContain('applied');
  const again = await tidegate('flags', 'apply', file, '--json');
  const { items } = JSON.parse(again.out);
  expect(items.map(({ action }: { action: string }) => action)).toEqual(Array(9).fill('none'));
  const text = (await readFile(file, 'utf8')).replace('owner: web', 'owner: design');
  const changed = await post('/flag-file', { text, dryRun: true });
  expect(changed.body.items.flatMap(({ changes }: { changes: string[] }) => changes)).toEqual([
    'owner: "web" → "design"',
  ]);
  expect((await tidegate('flags', 'show', 'new-search')).out).toMatch(/percentage, release\nowner +search/);
  await tidegate('flags', 'set', 'upload-limit', '--on', '--reason', 'go');
  expect(await variant('upload-limit', { targetingKey: 'u', tier: 'enterprise' })).toBe('large');
  await tidegate('flags', 'set', 'button-colour', '--on', '--reason', 'go');
  const colours = async (more: object) => {
    const users = Array.from({ length: 20 }, (_, n) => ({ targetingKey: `user-${n}`, ...more }));
    return new Set(await Promise.all(users.map((user) => variant('button-colour', user))));
  };
  expect(await colours({ email: 'ada@example.com' })).toEqual(new Set(['grey']));
  expect((await colours({ email: 'ada@example.org' })).size).toBe(3);
  const refused = await post('/flag-file', { text: text.replace('give: large', 'give: larg') });
  expect(refused.body.details.join()).toContain('flags[3].rules[0].give: the flag has no variant "larg"');
});

test('the registry is linted, and references to retired flags fail', async () => {
  await define('orphan', { kind: 'boolean' });
  await sql("update flags set decommissioned = $1::jsonb, lifecycle = 'Retired' where key = 'orphan'", [
    JSON.stringify({ rolloutId: 'r-1', runbook: null }),
  ]);
  await sql('select pg_notify($1, $2)', ['tidegate_flags', 'all']);
  await expect
    .poll(async () =>
      (await get('/registry')).body.flags.find((flag: { key: string }) => flag.key === 'orphan'),
    )
    .toMatchObject({ lifecycle: 'Retired' });
  await define('lonely', { kind: 'boolean' });
  const lint = await tidegate('flags', 'lint', '--json');
  expect(lint.status).toBe(1);
  const findings: { rule: string; flag: string; mend: string }[] = JSON.parse(lint.out).findings;
  expect(findings).toContainEqual(expect.objectContaining({ rule: 'FLAG-NO-OWNER', flag: 'lonely' }));
  expect(findings.filter(({ flag }) => flag === 'orphan')).toEqual([]);
  expect((await tidegate('flags', 'stale')).status).toBe(0);
  expect(JSON.parse((await tidegate('flags', 'retired', '--json')).out)).toEqual({ retired: ['orphan'] });
  const named = await tidegate('flags', 'references', '--retired', '--source', fromRoot('server'));
  expect(named).toMatchObject({ status: 1, err: '' });
  expect(named.out).toContain('definitions.it.test.ts');
  expect((await tidegate('flags', 'references', '--retired', '--source', fromRoot('examples'))).status).toBe(
    0,
  );
});

test('a flag that nobody evaluates is told, and only where somebody could have seen it', async () => {
  await define('asked', { kind: 'boolean', owner: 'web' });
  await define('silent', { kind: 'boolean', owner: 'web' });
  expect(await variant('asked', { targetingKey: 'u' })).toBe('off');
  await call('POST', '/ofrep/v1/evaluate/flags', { context: { targetingKey: 'u' } });
  await call('POST', '/ofrep/v1/evaluate/flags/no-such-flag', { context: {} });
  const never = async (...command: string[]) => {
    const { out } = await tidegate(...command, '--json');
    const { findings, notes }: { findings: { rule: string; flag: string }[]; notes: string[] } =
      JSON.parse(out);
    return { notes, flags: findings.flatMap(({ rule, flag }) => (rule.includes('NEVER') ? [flag] : [])) };
  };
  // Counted for no time at all yet: nobody can say that a flag was not evaluated for a month.
  const early = await never('flags', 'stale');
  expect(early.flags).toEqual([]);
  expect(early.notes.join()).toMatch(/cannot be said/);
  await server.counts.stop();
  await sql("update flag_evaluations set day = day - 40 where environment = ''", []);
  await sql("update flags set created_at = now() - interval '35 days' where key in ('asked', 'silent')", []);
  await sql('select pg_notify($1, $2)', ['tidegate_flags', 'all']);
  await expect.poll(() => never('flags', 'stale'), { timeout: 30_000 }).toMatchObject({ flags: ['silent'] });
  expect((await never('flags', 'lint')).flags).toEqual(['silent']);
  expect((await never('flags', 'lint', '--window', '60d')).flags).toEqual([]);
  const shown = await tidegate('flags', 'evaluations', '--json');
  const { flags }: { flags: { key: string; ofrep: number; bulk: number }[] } = JSON.parse(shown.out);
  expect(flags.find(({ key }) => key === 'asked')).toMatchObject({
    ofrep: 1,
    bulk: 1,
    verdict: { kind: 'seen' },
  });
  expect((await tidegate('flags', 'evaluations', 'silent')).out).toMatch(
    /silent +production +0 +1 +no: OFREP/,
  );
  expect((await tidegate('flags', 'evaluations', 'nothing')).err).toContain('FLAG_UNKNOWN');
  expect((await tidegate('flags', 'lint', '--window', 'soon')).err).toContain('duration');
});
