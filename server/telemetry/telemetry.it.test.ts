import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDED } from '../../plans/view.ts';
import { openDatabase } from '../../store/connection.ts';
import { createFigures } from '../../store/figures.ts';
import { type ApiServer, planFor, startApiServer } from '../../test/fixtures/api-server.ts';
import { parts } from '../../test/fixtures/parts.ts';
import { createServerTelemetry } from './server-telemetry.ts';

const run = promisify(execFile);
let server: ApiServer;
let database: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  server = await startApiServer();
  database = openDatabase(server.databaseUrl);
});
afterAll(async () => {
  await database.close();
  await server.close();
});

function telemetry() {
  let now = 0;
  return createServerTelemetry({
    readFigures: () => createFigures(database).read(),
    pingTemporal: () => server.engine.ping(),
    // Each look is a new one.
    now: () => (now += 60_000),
  });
}

async function submit(flag: string): Promise<string> {
  const response = await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: 'ada', roles: [], text: planFor(flag), file: 'p.yaml' }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}

/** What promtool has against our own metrics; those of Node's process are not ours to name. */
async function lint(text: string): Promise<string[]> {
  const checked = run(parts().promtool, ['check', 'metrics']);
  checked.child.stdin?.end(text);
  const { stdout, stderr } = await checked.catch((error: { stdout: string; stderr: string }) => error);
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line.startsWith('tidegate_'));
}

describe('the metrics of the server', () => {
  it('tell each rollout, what ended and what waits, in names that promtool has nothing against', async () => {
    const id = await submit('watched');
    const other = await submit('over');
    const before = await telemetry().text();
    const ended =
      /tidegate_rollouts_ended_total\{environment="production",outcome="([\w-]+)",stop="([\w-]*)"\} 0\n/g;
    const zeros = [...before.matchAll(ended)].map(([, outcome, by]) => `${outcome} ${by}`.trim());
    expect(zeros).toEqual(
      expect.arrayContaining(['completed', 'rolled-back hard-stop', 'rolled-back killed', 'abandoned']),
    );
    expect(new Set(zeros.map((zero) => zero.split(' ', 1)[0]))).toEqual(new Set(ENDED));
    const row = await server.rollouts.get(other);
    if (row?.view == null) throw new Error('no view');
    const { view } = row;
    const at = Date.now();
    const stop = {
      cause: { kind: 'policy', reason: 'test' } as const,
      transition: 'hard-stop' as const,
      at: at - 4_000,
    };
    await server.engine.step({ ...view, phase: 'rolled-back', endedAt: at, stop });

    const text = await telemetry().text();
    const labels = `rollout="${id}",flag="watched",environment="production"`;
    expect(text).toMatch(new RegExp(`tidegate_rollout_exposure_percent\\{${labels}[^}]*\\} 5\\n`));
    expect(text).toMatch(new RegExp(`tidegate_rollout_paused\\{${labels}[^}]*\\} 0\\n`));
    expect(text).not.toMatch(/tidegate_rollout_paused\{rollout="over/);
    expect(text).toMatch(
      /tidegate_rollouts_ended_total\{environment="production",outcome="rolled-back",stop="hard-stop"\} 1\n/,
    );
    expect(text).toMatch(/tidegate_rollback_seconds_bucket\{le="5"\} 1\n/);
    expect(text).toMatch(/tidegate_rollback_seconds_bucket\{le="2"\} 0\n/);
    expect(text).toContain('tidegate_part_up{part="postgres"} 1');
    expect(await lint(text)).toEqual([]);
  });

  it('go on without PostgreSQL and Temporal, and say that they are away', async () => {
    const page = telemetry();
    await server.wire.cut();
    server.engine.down = true;
    try {
      const text = await page.text();
      expect(text).toContain('tidegate_part_up{part="postgres"} 0');
      expect(text).toContain('tidegate_part_up{part="temporal"} 0');
      expect(text).not.toContain('tidegate_rollout_paused{');
    } finally {
      server.engine.down = false;
      await server.wire.mend();
    }
    await expect.poll(() => page.text()).toContain('tidegate_part_up{part="postgres"} 1');
  });
});

it('the rules for Tidegate itself hold what they say', async () => {
  const cwd = fileURLToPath(new URL('../../dashboards/', import.meta.url));
  await run(parts().promtool, ['check', 'rules', '--lint=all', '--lint-fatal', 'tidegate.rules.yaml'], {
    cwd,
  });
  await run(parts().promtool, ['test', 'rules', '../test/dashboards/tidegate.rules.yaml'], { cwd });
});
