import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

/** `npm run test:schemathesis -- --minutes 10` makes it long. */
const asked = process.env['TIDEGATE_SCHEMATHESIS_SECONDS'];
const seconds = Number(asked ?? 30);
const phases = process.env['TIDEGATE_SCHEMATHESIS_PHASES'] ?? 'examples,coverage,fuzzing,stateful';
/** The long run looks for what is new; in the suite what was found once is found again. */
const seed = asked === undefined ? ['--seed', '1'] : [];

const SETUP = new URL('../scripts/setup/schemathesis.mjs', import.meta.url);
const { findSchemathesis } = (await import(SETUP.href)) as {
  findSchemathesis(): Promise<{ schemathesis: string } | { skipped: string }>;
};
const found = await findSchemathesis();
const skipped = 'skipped' in found ? found.skipped : '';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
  for (const flag of ['pricing-v2', 'other', 'third']) {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ by: 'ada', text: planFor(flag) });
    const { status } = await server.api('/rollouts', { method: 'POST', headers, body });
    if (status !== 201) throw new Error(`${flag}: ${status}`);
  }
});
afterAll(() => server.close());

/** All else is checked: that what breaks the document is refused, that no address forgets to ask who comes, that what is gone is gone. */
const NOT_CHECKED = [
  // What fits the document may mean nothing: a plan's text, a cursor, a stage or revision that is not there, a key used before.
  'positive_data_acceptance',
];

/** What it asks for that this API refuses by design, or that no answer can end. */
const NOT_ASKED = [
  // A stream has no end.
  '--exclude-path-regex=/(events|board)$',
  // The token that it comes with would end with its session.
  '--exclude-path=/api/v1/session',
];

/**
 * Schemathesis makes up requests from the document and keeps to it, or breaks it in one place, and follows from answer to
 * request: no answer is a 5xx, and each is one that the document has.
 */
test.skipIf(skipped !== '')(
  `schemathesis finds no answer that is wrong or undocumented${skipped && ` (skipped: ${skipped})`}`,
  { timeout: seconds * 1000 + 180_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-schemathesis-'));
    const report = join(folder, 'report.json');
    const args = [
      'run',
      `${server.url}/api/v1/openapi.json`,
      '--header',
      `Authorization: Bearer ${server.token}`,
      '--checks',
      'all',
      '--exclude-checks',
      NOT_CHECKED.join(','),
      '--phases',
      phases,
      '--max-time',
      String(seconds),
      '--request-timeout',
      '20',
      // How long an answer takes is measured by `npm run bench:api`; beside other tests it tells how busy the machine is.
      '--max-response-time',
      '60',
      '--continue-on-failure',
      '--no-color',
      '--suppress-health-check',
      'all',
      '--report-json-path',
      report,
      ...seed,
      ...NOT_ASKED,
    ];
    const { status, out } = await run('schemathesis' in found ? found.schemathesis : '', args, folder);
    const written = await readFile(report, 'utf8').catch(() => '');
    await rm(folder, { recursive: true, force: true });
    expect(status === 0 ? 0 : out.slice(-20_000)).toBe(0);
    // It did ask.
    expect(written.length + out.length).toBeGreaterThan(100);
    expect(out).toMatch(/\d+ (?:generated|passed)/);
  },
);

function run(program: string, args: string[], cwd: string): Promise<{ status: number | null; out: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, PYTHONUTF8: '1' } });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
    }
    child.on('error', (error) => resolve({ status: null, out: error.message }));
    child.on('close', (status) => resolve({ status, out }));
  });
}
