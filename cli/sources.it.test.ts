import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { planFor } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';

const tidegate = (args: string[], input?: string) =>
  startCommand(args, { cwd: tmpdir(), from: 'sources', ...(input === undefined ? {} : { input }) }).ended;

test('the command runs from its sources, as whoever works on it starts it, with all that it reads beside them', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const runs = await Promise.all([
    tidegate(['--version']),
    tidegate(['plan', 'check', '-'], planFor('right')),
    tidegate(['plan', 'check', '-'], planFor('wrong').replace('percent: 5,', 'percent: 500,')),
  ]);
  expect(runs.map(({ status, err }) => [status, err])).toEqual([
    [0, ''],
    [0, ''],
    [1, ''],
  ]);
  const [said, right, wrong] = runs.map(({ out }) => out);
  expect(said).toBe(`${version}\n`);
  expect(right).toContain('ok');
  expect(wrong).toMatch(/^-:\d+:\d+ {2}error .*percent/m);
});
