import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '../../test/fixtures/database.ts';
import { parts } from '../../test/fixtures/parts.ts';
import { isPortFree } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { startPrometheus } from './prometheus.ts';
import { startTemporal } from './temporal.ts';

let dir: string;
const lines: string[] = [];
const log = (line: string) => void lines.push(line);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-parts-'));
  // As root, PostgreSQL runs as another account, which must get in.
  await chmod(dir, 0o711);
  lines.length = 0;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

describe('embedded PostgreSQL', () => {
  it('keeps its data between two starts and frees its port', async () => {
    const dataDir = join(dir, 'pg');
    const first = await startPostgres({ dataDir, persistent: true, log });
    await query(first.url, 'create table kept (n int)');
    await query(first.url, 'insert into kept values (7)');
    await expect(startPostgres({ dataDir, persistent: true, log })).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
    });
    await first.stop();
    expect(await isPortFree(first.port)).toBe(true);

    const second = await startPostgres({ dataDir, persistent: true, log });
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
    await second.stop();
  });

  it('starts again after a kill -9', async () => {
    const dataDir = join(dir, 'pg');
    const first = await startPostgres({ dataDir, persistent: true, log });
    await query(first.url, 'create table kept as select 7 as n');
    process.kill(first.pid, 'SIGKILL');
    await first.child.exited;
    const second = await startPostgres({ dataDir, persistent: true, log });
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
    await second.stop();
  });

  it('leaves nothing when it is not persistent', async () => {
    const dataDir = join(dir, 'pg');
    const running = await startPostgres({ dataDir, persistent: false, log });
    await running.stop();
    await expect(stat(dataDir)).rejects.toThrow();
  });

  it('gives every test a database of its own', async () => {
    const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
    await query(one.url, 'create table only_here (n int)');
    expect(await query(two.url, "select to_regclass('only_here') as found")).toEqual([{ found: null }]);
    await Promise.all([one.drop(), two.drop()]);
  });
});

describe('embedded Temporal', () => {
  it('answers on loopback, knows its search attributes, and keeps its state in its file', async () => {
    const options = {
      binary: parts().temporal,
      dbFile: join(dir, 'temporal/state.db'),
      searchAttributes: { TidegateFlag: 'Keyword' },
      log,
    } as const;
    const first = await startTemporal(options);
    const connection = await Connection.connect({ address: first.address });
    const known = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    await connection.close();
    expect(Object.keys(known.customAttributes ?? {})).toContain('TidegateFlag');
    await first.stop();
    const second = await startTemporal(options);
    await second.stop();
  });

  it('takes another port where somebody was quicker, and gives up where that is not it', async () => {
    const [once, tried] = [join(dir, 'once.sh'), join(dir, 'tried')];
    await writeFile(
      once,
      `#!/bin/sh\n[ -e ${tried} ] && exec ${parts().temporal} "$@"\n: > ${tried}\nexit 1\n`,
    );
    await chmod(once, 0o755);
    const started = await startTemporal({ binary: once, log });
    await started.stop();
    const never = join(dir, 'never.sh');
    await writeFile(never, '#!/bin/sh\nexit 1\n');
    await chmod(never, 0o755);
    await expect(startTemporal({ binary: never, log })).rejects.toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
    });
  });

  it('says what happened when it cannot start', async () => {
    const port = Number(new URL(`http://${(await startUseless()).address}`).port);
    await expect(startTemporal({ binary: parts().temporal, port, log })).rejects.toMatchObject({
      code: 'TEMPORAL_UNREACHABLE',
      details: expect.arrayContaining([expect.stringMatching(/address already in use|bind|port/i)]),
    });
  });
});

async function startUseless(): Promise<{ address: string }> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  server.unref();
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return { address: `127.0.0.1:${address.port}` };
}

describe('embedded Prometheus', () => {
  it('scrapes what it is told to', async () => {
    const running = await startPrometheus({ binary: parts().prometheus, dir, scrapeConfigs: [], log });
    await running.stop();
    const again = await startPrometheus({
      binary: parts().prometheus,
      dir,
      port: running.port,
      scrapeConfigs: [{ job_name: 'itself', static_configs: [{ targets: [`127.0.0.1:${running.port}`] }] }],
      scrapeInterval: '100ms',
      log,
    });
    await expect
      .poll(
        async () => {
          const answer = await fetch(`${again.url}/api/v1/query?query=up`);
          return JSON.stringify(await answer.json());
        },
        { timeout: 15_000 },
      )
      .toMatch(/"job":"itself".*"1"\]/);
    await again.stop();
  });

  it('names a missing program', async () => {
    await expect(
      startPrometheus({ binary: join(dir, 'no-such-program'), dir, scrapeConfigs: [], log }),
    ).rejects.toMatchObject({ code: 'PART_MISSING' });
  });
});
