import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../fixtures/api-server.ts';
import { startCommand } from '../fixtures/command.ts';

const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));

/** What stands in the README's code blocks of one language. */
function blocks(language: string): string[] {
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );
}

/** The README's commands without their comments. */
const commands = blocks('sh')
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
  await writeFile(join(server.dataDir, 'plan.yaml'), blocks('yaml')[0] ?? '');
});
afterAll(() => server.close());

const run = (command: string) =>
  startCommand(command.replace(/^npx tidegate /, '').split(' '), {
    cwd: server.dataDir,
    env: { TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' },
  });

describe('the README', () => {
  it('names scripts that exist; the package test runs what they run', () => {
    const named = commands.filter((command) => command.startsWith('npm '));
    expect(named).toEqual(['npm start', 'npm test']);
    for (const command of named) expect(scripts[command.slice(4)]).toBeTypeOf('string');
    expect(scripts.start).toContain('up --demo');
  });

  it('has a plan without errors, and commands that do what they say, in their order', async () => {
    const ours = commands.filter((command) => command.startsWith('npx tidegate '));
    expect(ours.length + 2).toBe(commands.length);
    const said: Record<string, string> = {};
    for (const command of ours) {
      const name = command.split(' ').slice(2, 4).join(' ');
      const started = run(command);
      if (name.startsWith('watch')) {
        await expect.poll(() => started.out(), { timeout: 20_000 }).toContain('search-v2');
        started.child.kill('SIGINT');
        await started.ended;
        continue;
      }
      const { status, out, err } = await started.ended;
      said[name] = out + err;
      expect([command, status, err]).toEqual([command, 0, '']);
    }
    expect(said['plan check']).toContain('plan.yaml: ok');
    expect(said['submit plan.yaml']).toContain('search-v2');
    expect(said['kill search-v2']).toMatch(/killed|nobody/i);
  }, 60_000);
});
