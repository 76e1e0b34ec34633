import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLatches } from '../flags/latches.ts';
import { loadSnapshots } from '../flags/snapshot.ts';
import type { RolloutView } from '../plans/view.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { type Outcome, startCommand } from '../test/fixtures/command.ts';
import { exampleAssessment } from '../test/fixtures/rollout-view.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

function tidegate(args: string, input?: string): Promise<Outcome> {
  const env = { TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' };
  return startCommand(args.split(' '), {
    cwd: server.dataDir,
    env,
    ...(input === undefined ? {} : { input }),
  }).ended;
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(server.dataDir, name), text);
  return name;
}

async function submitted(flag: string): Promise<void> {
  const done = await tidegate(`submit ${await file(`${flag}.yaml`, planFor(flag))}`);
  expect(done).toMatchObject({ status: 0 });
}

describe('a plan', () => {
  const wrong = () => planFor('wrong').replace('percent: 5,', 'percent: 500,').replace('+0.1pp', 'a bit');

  test('with errors: check names each place, exit 1', async () => {
    const done = await tidegate(`plan check ${await file('wrong.yaml', wrong())}`);
    expect(done.status).toBe(1);
    expect(done.out).toMatch(/wrong\.yaml:\d+:\d+ {2}error .*soft/);
    expect(done.out).toMatch(/wrong\.yaml:\d+:\d+ {2}error .*percent/);
  });

  test('with errors: submit says all of them and submits nothing, exit 1', async () => {
    const done = await tidegate(`submit ${await file('wrong.yaml', wrong())}`);
    expect(done).toMatchObject({ status: 1, out: '' });
    expect(done.err).toMatch(/^tidegate: .*\(PLAN_INVALID\)\n {2}at wrong\.yaml\n/);
    expect(done.err.match(/wrong\.yaml:\d+:\d+/g)?.length).toBeGreaterThanOrEqual(2);
    expect(done.err).not.toMatch(/\n\s+at .*\.[jt]s:/);
  });

  test('that is right: check says so, exit 0; also from standard input', async () => {
    expect(await tidegate('plan check -', planFor('right'))).toMatchObject({ status: 0 });
    const json = await tidegate('plan check - --json', planFor('right'));
    expect(JSON.parse(json.out)).toMatchObject({ plans: [{ file: '-', ok: true }] });
  });

  test('that waits for another one: check names it, and refuses two that wait for each other', async () => {
    const requiring = (name: string, other: string) =>
      `${planFor(name)}\nrequires: [{ rollout: ${other} }]\n`;
    const alone = await tidegate('plan check -', requiring('hen', 'egg'));
    expect(alone).toMatchObject({ status: 0 });
    expect(alone.out).toContain(
      'every stage waits until egg has reached its end, and pauses when that is rolled back later',
    );
    const files = [
      await file('hen.yaml', requiring('hen', 'egg')),
      await file('egg.yaml', requiring('egg', 'hen')),
    ];
    const both = await tidegate(`plan check ${files.join(' ')}`);
    expect(both.status).toBe(1);
    expect(both.out).toMatch(
      /egg\.yaml:\d+:\d+ {2}error .*waits until hen has reached its end.*\[PLAN-CIRCLE\]/,
    );
  });

  test('with risks: each says why and how to mend it; they end with 1 where the reader is strict', async () => {
    const json = await tidegate('plan check - --json', planFor('right'));
    const { plans } = JSON.parse(json.out);
    const expiry = plans[0].findings.find(({ rule }: { rule: string }) => rule === 'PLAN-NO-EXPIRY');
    expect(expiry).toMatchObject({
      severity: 'warning',
      why: expect.stringContaining('stays in the code'),
      mend: expect.stringContaining('expires:'),
      place: { file: '-', line: expect.any(Number), column: expect.any(Number), path: 'flag' },
    });
    expect(await tidegate('plan check - --strict', planFor('right'))).toMatchObject({ status: 1 });
    const rules = new Set<string>(plans[0].findings.map(({ rule }: { rule: string }) => rule));
    const allow = [...rules].map((rule) => `  - { rule: ${rule}, reason: a test }`).join('\n');
    const allowed = await tidegate('plan check - --strict', `${planFor('right')}\nallow:\n${allow}\n`);
    expect(allowed).toMatchObject({ status: 0 });
    expect(allowed.out).toContain('allowed  a test  [PLAN-NO-EXPIRY]');
  });

  test('and the clock: what has gone by is a risk, and a deadline that is over an error', async () => {
    const past = `${planFor('right')}\nwindows: { holidays: [2001-12-25] }\n`;
    const done = await tidegate('plan check -', past);
    expect(done).toMatchObject({ status: 0 });
    expect(done.out).toContain('the last holiday was on 2001-12-25: none is to come  [PLAN-PAST]');
    const late = await tidegate('plan check -', `${past}deadline: { at: 2001-12-31T12:00Z }\n`);
    expect(late).toMatchObject({ status: 1 });
    expect(late.out).toMatch(/ error {2}deadline\.at: the deadline is over: .* {2}\[PLAN-DEADLINE\]/);
    expect(late.out).toContain('[PLAN-PAST]');
  });

  test('and its traffic: what the thresholds cannot see is a risk too; no number is wrong use', async () => {
    const done = await tidegate('plan check - --traffic 0.001', planFor('right'));
    expect(done.out).toContain('[PLAN-UNSEEN]');
    expect(await tidegate('plan check - --traffic fast', planFor('right'))).toMatchObject({ status: 2 });
  });

  test('is written from answers, passes its own review, and overwrites nothing', async () => {
    const answers =
      'plan new --name made --flag made --service shop --risk low --users 5000 --reversibility reversible --traffic 900 --migration no --owner team --ticket T-1 --expires 2999-01-01';
    const done = await tidegate(answers);
    expect(done).toMatchObject({ status: 0, err: '' });
    expect(done.out).toMatch(/^# Risk low/);
    expect(await tidegate('plan check - --strict --traffic 900', done.out)).toMatchObject({ status: 0 });
    const json = JSON.parse((await tidegate(`${answers} --json`)).out);
    expect(json).toMatchObject({ file: null, unseen: null, left: [] });
    expect(json.text).toBe(done.out);
    const soon = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    expect(await tidegate(answers.replace('2999-01-01', soon))).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining(`--expires ${soon}: the flag is to be gone while the rollout uses it`),
    });
    const target = await file('made.yaml', 'mine');
    expect(await tidegate(`${answers} -o ${target}`)).toMatchObject({ status: 2 });
    expect(await tidegate(`${answers} -o ${target} --force`)).toMatchObject({ status: 0 });
    expect(await tidegate(`plan check ${target} --strict`)).toMatchObject({ status: 0 });
  });

  test('cannot be written while answers are missing or wrong: each option is named, exit 2', async () => {
    const missing = await tidegate('plan new --name made --risk low');
    expect(missing.status).toBe(2);
    for (const option of [
      'flag',
      'service',
      'users',
      'reversibility',
      'traffic',
      'migration',
      'owner',
      'ticket',
      'expires',
    ])
      expect(missing.err).toContain(`--${option}`);
    expect(missing.err).not.toContain('--risk');
    const wrong = await tidegate('plan new --users many --migration perhaps --expires 2001-01-01 --json');
    expect(JSON.parse(wrong.out)).toMatchObject({
      code: 'USAGE',
      details: [
        '--users many: a whole number above 0',
        '--migration perhaps: one of no, yes',
        '--expires 2001-01-01: this day is over',
      ],
    });
  });

  test('that is not there: exit 2', async () => {
    const done = await tidegate('submit nowhere.yaml');
    expect(done.status).toBe(2);
    expect(done.err).toContain('(PLAN_UNREADABLE)');
    expect(done.err).toContain('nowhere.yaml');
  });

  test('is described by a JSON Schema', async () => {
    const schema = JSON.parse((await tidegate('plan schema')).out);
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['metadata', 'flag', 'metrics', 'stages']),
    );
  });

  test('for a flag that is taken: the second is told which rollout is active', async () => {
    await submitted('taken');
    const done = await tidegate('submit taken.yaml');
    expect(done.status).toBe(1);
    expect(done.err).toContain('(ROLLOUT_ACTIVE)');
    expect(done.err).toContain('taken-1');
  });
});

describe('a rollout', () => {
  test('is found by id, by plan and by flag; list and status show it', async () => {
    await submitted('shown');
    for (const name of ['shown', 'shown-1']) {
      const done = await tidegate(`status ${name}`);
      expect(done.status).toBe(0);
      expect(done.out).toContain('shown-1');
      expect(done.out).toContain('[5%] ─');
      expect(done.out).not.toContain('\x1b');
    }
    const list = JSON.parse((await tidegate('list --flag shown --json')).out);
    expect(list.rollouts).toMatchObject([{ id: 'shown-1', phase: 'active' }]);
    expect((await tidegate('status shown --history')).out).toContain('started');
    expect((await tidegate('list --phase sideways')).status).toBe(2);
  });

  test('gives its samples as a trace', async () => {
    await submitted('traced');
    const cohort = { requests: 100, ratios: { errors: { events: 1, total: 100 } }, histograms: {} };
    const sample = { stage: '5%', t: 15, baseline: cohort, canary: cohort };
    const row = { rolloutId: 'traced-1', stage: '5%', at: Date.now(), assessment: exampleAssessment() };
    await server.rollouts.saveSamples([
      { ...row, t: 15, sample },
      { ...row, t: 30, sample: null },
    ]);
    const lines = (await tidegate('status traced --trace')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        rollout: 'traced-1',
        stage: '5%',
        t: 15,
        baseline: { requests: 100, errors: 1 },
        canary: { requests: 100, errors: 1 },
      },
    ]);
    expect((await tidegate('status traced')).out).toContain('43 % of what a stop needs');
  });

  test('is compared with its baseline: as a table, as Markdown and as JSON', async () => {
    await submitted('compared');
    const cohort = (errors: number, requests: number) => ({
      requests,
      ratios: { errors: { events: errors, total: requests } },
      histograms: {},
    });
    await server.rollouts.saveSamples(
      Array.from({ length: 20 }, (_, i) => {
        const t = (i + 1) * 15;
        const sample = { stage: '5%', t, baseline: cohort(14, 2850), canary: cohort(2, 150) };
        return { rolloutId: 'compared-1', stage: '5%', t, at: Date.now(), sample, assessment: null };
      }),
    );
    const done = await tidegate('compare compared');
    expect(done.status).toBe(0);
    expect(done.out).toMatch(/^compared-1\nstage 5% \(now, 5 min\)\n/);
    expect(done.out).toMatch(/errors +0.491 % +1.33 % +\+0.84 pp .* ≤ \+0.1 pp, hard \+0.5 pp/);
    expect((await tidegate('compare compared --markdown')).out).toContain('| errors | 0.491 % | 1.33 % |');
    const json = JSON.parse((await tidegate('compare compared --stage 100% --json')).out);
    expect(json).toMatchObject({ id: 'compared-1', comparison: { stage: '100%', state: 'ahead' } });
    const wrong = await tidegate('compare compared --stage 7%');
    expect(wrong.status).toBe(2);
    expect(wrong.err).toContain('stages: 5%, 100%, decommission');
  });

  test('is reported: as Markdown, as JSON, and as a page in a file', async () => {
    await submitted('reported');
    const markdown = await tidegate('report reported');
    expect(markdown.status).toBe(0);
    expect(markdown.out).toMatch(/^# Test of reported: rollout reported-1\n\n\*\*Unfinished: /);
    expect((await tidegate('report reported --markdown')).out).toContain('## Timeline');
    expect(JSON.parse((await tidegate('report reported --json')).out)).toMatchObject({ id: 'reported-1' });
    const page = await tidegate('report reported --html report.html');
    expect(page).toMatchObject({ status: 0, out: 'reported-1: report.html\n' });
    expect(await readFile(join(server.dataDir, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    const nowhere = await tidegate('report reported --html nowhere/report.html');
    expect(nowhere.status).toBe(2);
    expect(nowhere.err).toContain('nowhere/report.html cannot be written.');
    expect((await tidegate('report reported --html x.html --markdown')).status).toBe(2);
  });

  test('that nobody knows: exit 1 and a hint', async () => {
    const done = await tidegate('status nobody');
    expect(done).toMatchObject({ status: 1, out: '' });
    expect(done.err).toBe(
      'tidegate: There is no rollout, plan or flag named nobody. (ROLLOUT_UNKNOWN)\n  `tidegate list` shows the rollouts.\n',
    );
  });

  test('is taken up again, with the build that stands behind it now', async () => {
    await submitted('rebuilt');
    const over = async (id: string) => {
      await tidegate(`rollback ${id} --reason complaints`);
      await server.flags.release({ environment: 'production', key: 'rebuilt' }, id);
    };
    await over('rebuilt-1');
    const first = await tidegate('retry rebuilt --build shop:2 --reason mended');
    expect(first.status).toBe(0);
    expect(first.out).toContain('rebuilt-2 retries rebuilt-1 from stage 5%');
    expect(first.out).toContain('metadata.build: not set → "shop:2"');
    expect(first.out).toContain('Its evidence begins anew: it names build shop:2, rebuilt-1 named none.');
    await over('rebuilt-2');
    expect((await tidegate('retry rebuilt --reason mended --accept lots')).status).toBe(2);
    for (const accept of ['--accept', '--accept 0.3pp']) {
      const { status, err } = await tidegate(`retry rebuilt --reason mended --build shop:3 ${accept}`);
      expect([status, err]).toEqual([1, expect.stringContaining('There is no difference to accept')]);
    }
  });

  test('is decided on, with the reason and the accepted difference', async () => {
    await submitted('decided');
    const { status, out } = await tidegate('approve decided --accept 0.3pp --reason looked --role on-call');
    expect({ status, out }).toMatchObject({
      status: 0,
      out: expect.stringContaining('decided-1: approve done'),
    });
    expect(server.engine.told.at(-1)).toBe('approve decided-1 by ada: looked accept 0.003');
    expect((await tidegate('approve decided --accept lots')).status).toBe(2);
    const amended = await tidegate(`amend decided ${await file('decided.yaml', planFor('decided'))}`);
    expect(amended).toMatchObject({ status: 0, out: 'decided-1: amended\n  stages[0].bake: 1h → 2h\n' });
    const first = await tidegate('status decided --plan 1');
    expect(first).toMatchObject({ status: 0, out: planFor('decided') });
    expect((await tidegate('status decided --plan 3')).err).toContain('revisions: 1, 2');
    const present = JSON.parse((await tidegate('status decided --plan --json')).out);
    expect(present).toMatchObject({ id: 'decided-1', revision: 2, text: planFor('decided') });
    expect((await tidegate('rollback decided --json')).status).toBe(0);
    const again = await tidegate('rollback decided');
    expect(again.status).toBe(1);
    expect(again.err).toContain('(ROLLOUT_OVER)');
  });

  test('is watched to its end: 0 completed, 1 rolled back, 130 when interrupted', async () => {
    for (const [flag, phase, status] of [
      ['good', 'completed', 0],
      ['bad', 'rolled-back', 1],
    ] as const) {
      await submitted(flag);
      const env = { TIDEGATE_SERVER: server.url };
      const watching = startCommand(['watch', flag], { cwd: server.dataDir, env });
      await expect.poll(watching.out, { timeout: 15_000 }).toContain(`${flag}-1: active, stage 5%`);
      const row = await server.rollouts.get(`${flag}-1`);
      if (row?.view == null) throw new Error('no view');
      await server.engine.step({ ...row.view, phase, endedAt: Date.now() });
      expect((await watching.ended).status).toBe(status);
    }
    await submitted('long');
    const watching = startCommand(['watch', 'long'], {
      cwd: server.dataDir,
      env: { TIDEGATE_SERVER: server.url },
    });
    await expect.poll(watching.out, { timeout: 15_000 }).toContain('long-1');
    watching.child.kill('SIGINT');
    expect((await watching.ended).status).toBe(130);
  });
});

describe('a kill', () => {
  test('and its way back', async () => {
    await submitted('risky');
    const killed = await tidegate('kill risky --reason totals');
    expect(killed.status).toBe(0);
    expect(killed.out).toContain('killed: risky in production gives the canary to nobody');
    expect(killed.out).toContain('its rollout risky-1 knows');
    expect((await tidegate('flags')).out).toMatch(/risky +production +nobody[^\n]*\n  killed by ada: totals/);
    expect((await tidegate('submit risky.yaml')).err).toContain('(FLAG_LATCHED)');
    expect((await tidegate('unlock risky')).status).toBe(2);
    expect(await tidegate('unlock risky --reason mended')).toMatchObject({ status: 0 });
    expect(JSON.parse((await tidegate('flags risky --json')).out)).toMatchObject({
      key: 'risky',
      latch: null,
    });
    expect((await tidegate('kill nobody')).err).toContain('(FLAG_UNKNOWN)');
  });

  test('says when the workflow could not be told', async () => {
    await submitted('untold');
    server.engine.down = true;
    const done = await tidegate('kill untold');
    server.engine.down = false;
    expect(done.status).toBe(0);
    expect(done.out).toContain('could not be told yet');
  });

  test('goes straight to the database and, without one, to the data folder', async () => {
    await submitted('direct');
    await submitted('offline');
    const config = await file(
      'tidegate.yaml',
      `database: { url: '${server.databaseUrl}' }\ndata: ${server.dataDir}\n`,
    );
    const done = await tidegate(`kill direct --direct --config ${config}`);
    expect(done).toMatchObject({
      status: 0,
      out: expect.stringMatching(/killed: direct in production\n {2}done: PostgreSQL/),
    });
    await server.wire.cut();
    const offline = await tidegate(`kill offline --direct --config ${config}`);
    await server.wire.mend();
    expect(offline.status).toBe(0);
    expect(offline.out).toMatch(/not done: PostgreSQL[^\n]*\n {2}done: latch/);
    const exposure = async () =>
      (await server.flags.read({ environment: 'production', key: 'offline' }))?.exposure;
    await expect.poll(exposure, { timeout: 20_000 }).toMatchObject({ percent: 0 });
  });
});

describe('what goes wrong', () => {
  test('no server: one clear line, where it was looked for, exit 3', async () => {
    const done = await tidegate('list --server http://127.0.0.1:9');
    expect(done).toMatchObject({ status: 3, out: '' });
    expect(done.err).toContain('(SERVER_UNREACHABLE)\n  at http://127.0.0.1:9\n');
    const kill = await tidegate('kill any --server http://127.0.0.1:9');
    expect(kill.status).toBe(3);
    expect(kill.err).toContain('`tidegate kill any --direct` works without the server');
  });

  test('another server on that port is not taken for Tidegate', async () => {
    const other = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const done = await tidegate(`list --server http://127.0.0.1:${port}`);
    other.close();
    expect(done.status).toBe(3);
    expect(done.err).toContain('(SERVER_UNREACHABLE)');
  });

  test('PostgreSQL away: exit 3', async () => {
    await server.wire.cut();
    const done = await tidegate('list');
    await server.wire.mend();
    expect(done.status).toBe(3);
    expect(done.err).toContain('(POSTGRES_UNREACHABLE)');
  });

  test.concurrent.each(['', 'frob', 'status', 'kill', 'list --frob', 'status a b'])(
    'wrong use `%s`: exit 2',
    async (args) => {
      const done = await tidegate(args);
      expect(done.status).toBe(2);
      expect(done.err).toContain('(USAGE)');
    },
  );

  test('with --json the problem is on standard output and nothing else is', async () => {
    const done = await tidegate('status nobody --json');
    expect(done).toMatchObject({ status: 1, err: '' });
    expect(JSON.parse(done.out)).toMatchObject({ code: 'ROLLOUT_UNKNOWN', status: 404, details: [] });
  });
});

test('help lists every command, exit 0', async () => {
  const done = await tidegate('--help');
  expect(done.status).toBe(0);
  for (const command of [
    'plan',
    'submit',
    'list',
    'status',
    'watch',
    'approve',
    'reject',
    'step-back',
    'pause',
    'resume',
    'accept-drift',
    'recheck',
    'rollback',
    'amend',
    'kill',
    'unlock',
    'flags',
    'doctor',
    'up',
    'worker',
    'server',
  ]) {
    expect(done.out).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
  }
});

describe('the configuration', () => {
  test('is described by a JSON Schema', async () => {
    const schema = JSON.parse((await tidegate('config schema')).out);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['server', 'sources', 'channels']));
  });
});

describe('what is refused', () => {
  test('is a difference that is accepted in percent', async () => {
    const done = await tidegate('approve shown --accept 30%');
    expect(done.status).toBe(2);
    expect(done.err).toContain('0.3pp of a ratio');
  });
});

describe('a direct kill', () => {
  test('refuses once the old path is decommissioned, also without PostgreSQL', async () => {
    await submitted('gone');
    const reply = await server.api('/rollouts/gone-1');
    const { view } = (await reply.json()) as { view: RolloutView };
    await server.engine.step({ ...view, phase: 'completed', stage: 'decommission', endedAt: Date.now() });
    const config = await file(
      'direct.yaml',
      JSON.stringify({ database: { url: server.databaseUrl }, data: server.dataDir }),
    );
    const refuses = async (options: string) => {
      const done = await tidegate(`kill gone --direct --config ${config}${options}`);
      expect(done).toMatchObject({ status: 1, out: '' });
      expect(done.err).toContain('gone-1. (POINT_OF_NO_RETURN)');
      expect(done.err).toContain('code rollback: ');
    };
    await refuses(' --environment production');
    const onDisk = async () => (await loadSnapshots(server.dataDir)).find(({ key }) => key === 'gone');
    await expect.poll(onDisk).toMatchObject({ decommissioned: { rolloutId: 'gone-1' } });
    await server.wire.cut();
    try {
      await refuses('');
      await refuses(' --environment production');
    } finally {
      await server.wire.mend();
    }
    expect(await openLatches(server.dataDir).of({ environment: 'production', key: 'gone' })).toEqual([]);
  });
});
