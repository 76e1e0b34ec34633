import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from '../../test/fixtures/tree.ts';
import { startChild } from './child.ts';
import { childrenOf, endLeftovers } from './children.ts';
import { birthOf } from './processes.ts';

let folder: string;
const strangers: ChildProcess[] = [];
const log = () => undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-children-'));
});
afterEach(async () => {
  for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const SLEEPER = `const { spawnSync } = await import('node:child_process'); setInterval(() => {}, 1000);`;
const STUBBORN = `process.on('SIGINT', () => {}); process.on('SIGTERM', () => {}); ${SLEEPER} console.log('up');`;

/** A supervisor with two children in the folder; it prints their pids. */
function supervisor(more = ''): string {
  return `
    import { startChild } from './app/embedded/child.ts';
    import { childrenOf } from './app/embedded/children.ts';
    import { untilStopped } from './app/until-stopped.ts';
    const ledger = childrenOf(${JSON.stringify(folder)});
    const log = () => {};
    const start = (name) => startChild({ name, command: process.execPath, args: ['-e', ${JSON.stringify(`import('node:fs');setInterval(() => {}, 1000)`)}], log, ledger });
    const [one, two] = [await start('one'), await start('two')];
    ${more}
    console.log(one.pid + ' ' + two.pid);
    setInterval(() => {}, 1000);`;
}

async function pidsOf(lines: string[]): Promise<number[]> {
  await expect.poll(() => lines.length, { timeout: 15_000 }).toBeGreaterThan(0);
  return lines[0]!.split(' ').map(Number);
}

describe('children of a supervisor', () => {
  it('that was killed are ended by the next start, and nothing else is', async () => {
    const program = runProgram(supervisor());
    const pids = await pidsOf(program.lines);
    program.process.kill('SIGKILL');
    await program.exited;
    expect(pids.map(birthOf)).not.toContain(undefined);

    const ended = await endLeftovers(folder, { log });
    expect(ended.sort()).toEqual(['one', 'two']);
    expect(pids.map(birthOf)).toEqual([undefined, undefined]);
    expect(await endLeftovers(folder, { log })).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('end with it on %s', async (signal) => {
    const program = runProgram(
      supervisor(
        'untilStopped().then(async () => { await one.stop(); await two.stop(); process.exit(7); });',
      ),
    );
    const pids = await pidsOf(program.lines);
    program.process.kill(signal);
    expect(await program.exited).toBe(7);
    expect(pids.map(birthOf)).toEqual([undefined, undefined]);
  });

  it('end with it when it throws', async () => {
    const program = runProgram(supervisor('setTimeout(() => process.exit(9), 50);'));
    const pids = await pidsOf(program.lines);
    expect(await program.exited).toBe(9);
    await expect.poll(() => pids.map(birthOf)).toEqual([undefined, undefined]);
  });

  it('that do not listen are made to end after the grace period', async () => {
    const lines: string[] = [];
    const child = await startChild({
      name: 'stubborn',
      command: process.execPath,
      args: ['--input-type=module', '--eval', STUBBORN],
      log: (line) => lines.push(line),
      grace: 100,
      ledger: childrenOf(folder),
    });
    await expect.poll(() => lines).toContain('up');
    await child.stop();
    expect(child.alive()).toBe(false);
    expect((await child.exited).signal).toBe('SIGKILL');
  });
});

describe('a process that only has the number of a child', () => {
  it('is left alone', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    strangers.push(stranger);
    await once(stranger, 'spawn');
    const entry = { name: 'postgres', pid: stranger.pid, birth: 'another boot/1' };
    await writeFile(join(folder, 'children.json'), JSON.stringify([entry]));
    expect(await endLeftovers(folder, { log })).toEqual([]);
    expect(stranger.exitCode).toBeNull();
  });
});
