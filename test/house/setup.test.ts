import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let dir: string;
let cache: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-setup-'));
  cache = join(dir, 'tidegate');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface Answer {
  status: number | null;
  stdout: string;
  stderr: string;
}

function node(
  args: string[],
  env: Record<string, string> = {},
  told: (stdout: string) => void = () => undefined,
): Promise<Answer> {
  const child = spawn(process.execPath, args, {
    cwd: dir,
    env: { ...process.env, XDG_CACHE_HOME: dir, ...env },
  });
  const answer = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    answer.stdout += chunk;
    told(answer.stdout);
  });
  child.stderr.on('data', (chunk) => {
    answer.stderr += chunk;
  });
  return new Promise((resolve) => {
    child.once('close', (status) => resolve({ status, ...answer }));
  });
}

/** Gets a part named `gauge` from places as given; prints the path, or what the trouble is. */
function setup(places: string, told?: (stdout: string) => void): Promise<Answer> {
  const source = `
    import { existsSync } from 'node:fs';
    import { appendFile, writeFile } from 'node:fs/promises';
    import { setTimeout as wait } from 'node:timers/promises';
    import { fromPlaces } from ${JSON.stringify(join(root, 'scripts/setup/places.mjs'))};
    const make = (folder) => writeFile(folder + '/gauge', '#!/bin/sh', { mode: 0o755 });
    const places = ${places};
    try {
      console.log(await fromPlaces({ part: 'gauge', title: 'Gauge', programs: ['gauge'], places, advice: ['Install gauge.'] }));
    } catch (error) {
      console.log([error.code, error.message, ...error.advice].join('\\n'));
    }`;
  return node(['--input-type=module', '--eval', source], {}, told);
}

describe('a part that is not on this machine', () => {
  it('is fetched once when several setups start together, and is found in the cache afterwards', async () => {
    const slow = `[{ name: 'a slow place', usually: '1 s', fetch: async (folder) => {
      await appendFile('fetched', 'x');
      while (!existsSync('seen')) await wait(5);
      await make(folder);
    } }]`;
    // It is not there before another one was seen to wait for it.
    const seen = (stdout: string) => {
      if (stdout.includes('another setup is at it')) writeFileSync(join(dir, 'seen'), '');
    };
    const answers = await Promise.all([setup(slow, seen), setup(slow, seen), setup(slow, seen)]);
    for (const { stdout } of answers) expect(stdout).toContain(join(cache, 'gauge/gauge'));
    expect(await readFile(join(dir, 'fetched'), 'utf8')).toBe('x');
    expect(answers.map(({ stdout }) => stdout).join()).toContain('another setup is at it');
    expect((await setup('[]')).stdout).toContain(join(cache, 'gauge/gauge'));
  });

  it('comes from the next place when one fails, and each is announced with its time', async () => {
    const { stdout } = await setup(`[
      { name: 'the far place', usually: '20 s', fetch: async () => { throw new Error('no way there'); } },
      { name: 'the closed place', usually: '20 s', unfit: 'it is closed', fetch: make },
      { name: 'the near place', usually: '2 s', fetch: make },
    ]`);
    expect(stdout).toContain('Gauge: the far place (usually 20 s)');
    expect(stdout).toContain('not from there (no way there)');
    expect(stdout).not.toContain('Gauge: the closed place');
    expect(stdout).toContain('Gauge: there, from the near place');
  });

  it('is asked for by name, with all that was tried, when no place has it', async () => {
    const { stdout } = await setup(`[
      { name: 'the far place', usually: '20 s', fetch: async () => { throw new Error('no way there'); } },
      { name: 'the empty place', usually: '20 s', fetch: async () => undefined },
    ]`);
    expect(stdout).toContain('PART_MISSING\nGauge is not on this machine and could not be fetched');
    expect(stdout).toContain(
      'the far place: no way there\nthe empty place: gauge not in what was fetched\nInstall gauge.',
    );
    expect(await readdir(cache)).toEqual([]);
  });

  it('is fetched anew, and the rest cleared away, after a setup that was killed', async () => {
    await mkdir(join(cache, '.gauge-1-half'), { recursive: true });
    await writeFile(join(cache, 'gauge.lock'), String(2 ** 22 - 1));
    const { stdout } = await setup("[{ name: 'a place', usually: '1 s', fetch: make }]");
    expect(stdout).toContain(join(cache, 'gauge/gauge'));
    expect(await readdir(cache)).toEqual(['gauge']);
  });
});

describe('setup', () => {
  const script = join(root, 'scripts/setup.mjs');

  it('takes what is on PATH, and answers with nothing but JSON', async () => {
    const bin = join(dir, 'bin');
    await mkdir(bin);
    for (const name of ['temporal', 'prometheus', 'promtool']) {
      await writeFile(join(bin, name), '#!/bin/sh\n');
      await chmod(join(bin, name), 0o755);
    }
    const { stdout, status } = await node([script, '--for', 'parts', '--json'], { PATH: bin });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      temporal: join(bin, 'temporal'),
      prometheus: join(bin, 'prometheus'),
      promtool: join(bin, 'promtool'),
    });
    const configured = await node([script, '--for', 'parts', '--json'], {
      PATH: bin,
      TIDEGATE_TEMPORAL: join(bin, 'promtool'),
    });
    expect(JSON.parse(configured.stdout).temporal).toBe(join(bin, 'promtool'));
  });

  it('ends with 3 and says what to mend when the configured Temporal is none', async () => {
    const bin = join(dir, 'bin');
    await mkdir(bin);
    for (const name of ['prometheus', 'promtool']) await writeFile(join(bin, name), '', { mode: 0o755 });
    const { status, stderr } = await node([script, '--for', 'parts', '--json'], {
      PATH: bin,
      TIDEGATE_TEMPORAL: '/nowhere/temporal',
    });
    expect(status).toBe(3);
    expect(stderr).toContain('PART_MISSING: TIDEGATE_TEMPORAL is /nowhere/temporal, which is no program');
  });

  it('ends with 2 when it is not told for what', async () => {
    expect(await node([script])).toMatchObject({ status: 2, stderr: expect.stringContaining('usage:') });
  });
});
