import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandFile } from '../../app/paths.ts';
import { packed } from './scenes/package.ts';

/** `tidegate up` as a person runs it, with a state folder of its own. */
interface Up {
  process: ChildProcess;
  text: () => string;
  /** Waits until it has said this. */
  says(what: RegExp): Promise<RegExpExecArray>;
  exited: Promise<number | null>;
}

let home: string;
let data: string;
const started: Up[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidegate-up-'));
  // As root, PostgreSQL runs as another account, which must get in.
  await chmod(home, 0o711);
  data = join(home, 'tidegate');
});
afterAll(async () => {
  for (const { process: child } of started) child.kill('SIGTERM');
  await Promise.all(started.map(({ exited }) => exited));
  await rm(home, { recursive: true, force: true });
});

function up(...more: string[]): Up {
  return upIn(home, more);
}

/** `folder`: where the state of it is kept. */
function upIn(folder: string, more: readonly string[] = []): Up {
  const child = spawn(process.execPath, [commandFile(), 'up', ...more], {
    env: { ...process.env, XDG_STATE_HOME: folder, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const one: Up = {
    process: child,
    text: () => text,
    exited,
    says: async (what) => {
      await expect.poll(() => text, { timeout: 60_000 }).toMatch(what);
      const found = what.exec(text);
      if (found === null) throw new Error(text);
      return found;
    },
  };
  started.push(one);
  return one;
}

/** Process numbers of the parts that are written down as running. */
async function children(): Promise<number[]> {
  const text = await readFile(join(data, 'children.json'), 'utf8').catch(() => '[]');
  return (JSON.parse(text) as { pid: number }[]).map(({ pid }) => pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function answers(server: string): Promise<boolean> {
  const reply = await fetch(`${server}/healthz`).catch(() => null);
  return reply?.ok === true;
}

describe('tidegate up', () => {
  it('ends with nothing left when Ctrl-C comes in the middle of the start', async () => {
    const early = up();
    await early.says(/Temporal and Prometheus: starting/);
    const begun = await children();
    expect(begun.length).toBeGreaterThan(0);
    early.process.kill('SIGINT');
    expect(await early.exited).toBe(130);
    expect(early.text()).toContain('nothing is left running');
    expect(begun.filter(isRunning)).toEqual([]);
    expect(await children()).toEqual([]);
  }, 90_000);

  it('shows the token of the administrator once, before the demonstration begins', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-up-token-'));
    await chmod(folder, 0o711);
    try {
      const demo = upIn(folder, ['--demo']);
      await demo.says(/shop: starting/);
      const said = demo.text().split('shop: starting', 1)[0] ?? '';
      const [, token = ''] = /token +(tg_\w+|\S{40,}) \(administrator of this machine/.exec(said) ?? [];
      const kept = await readFile(join(folder, 'tidegate', 'admin-token.json'), 'utf8');
      expect((JSON.parse(kept) as { token: string }).token).toBe(token);
      demo.process.kill('SIGINT');
      await demo.exited;
      expect(demo.text().split(token)).toHaveLength(2);

      const again = upIn(folder);
      await again.says(/Ctrl-C ends everything/);
      again.process.kill('SIGINT');
      await again.exited;
      expect(again.text()).not.toContain('administrator of this machine');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 180_000);

  it('names a busy port and takes another one; refuses to run twice; cleans up after a kill -9; ends with Ctrl-C', async () => {
    const [busy, port] = await occupied(7070);
    const first = up();
    const [, owner, taken] = await first.says(
      new RegExp(`port ${port} is taken by (\\S+ \\(process \\d+\\)): server takes (\\d+)`),
    );
    if (busy !== null) expect(owner).toContain(String(process.pid));
    const [, server = ''] = await first.says(/API +(\S+)\/api\/v1/);
    await first.says(/Ctrl-C ends everything/);
    expect(server).toBe(`http://127.0.0.1:${taken}`);
    expect(await answers(server)).toBe(true);

    const second = up();
    expect(await second.exited).toBe(1);
    expect(second.text()).toContain('ALREADY_RUNNING');
    expect(second.text()).toContain(`process ${first.process.pid}`);
    expect(second.text()).toContain(server);
    expect(await answers(server)).toBe(true);

    const orphans = await children();
    expect(orphans.filter(isRunning)).toHaveLength(5);
    first.process.kill('SIGKILL');
    await first.exited;
    expect(orphans.filter(isRunning).length).toBeGreaterThan(0);

    const third = up();
    await third.says(/left behind by an earlier run that was killed/);
    await third.says(/Ctrl-C ends everything/);
    expect(orphans.filter(isRunning)).toEqual([]);
    const [, again = ''] = await third.says(/API +(\S+)\/api\/v1/);
    expect(await answers(again)).toBe(true);

    const running = await children();
    third.process.kill('SIGINT');
    expect(await third.exited).toBe(0);
    expect(third.text()).toMatch(/stopping everything[\s\S]*stopped; nothing is left running\s*$/);
    expect(third.text()).not.toContain('unexpectedly');
    for (const name of ['worker', 'server', 'postgres', 'temporal', 'prometheus'])
      expect(await readFile(join(data, 'logs', `${name}.log`), 'utf8')).not.toContain('is killed');
    expect(running).toHaveLength(5);
    expect(running.filter(isRunning)).toEqual([]);
    expect(await answers(again)).toBe(false);
    busy?.close();
  }, 180_000);
});

// Beside them, and not in a file of its own that might run at the same time: both want the same ports.
packed();

/** Listens on the port, unless somebody else does already. */
async function occupied(port: number): Promise<[Server | null, number]> {
  const server = createServer();
  const mine = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  return [mine ? server : null, port];
}
