import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

/** What a shell is offered for the words typed so far. */
async function offered(words: string[], url = server.url): Promise<string[]> {
  const { ended } = startCommand(['complete', '--', ...words], {
    cwd: server.dataDir,
    env: { TIDEGATE_SERVER: url, TIDEGATE_TOKEN: server.token },
  });
  const { status, out } = await ended;
  expect(status).toBe(0);
  return out.split('\n').flatMap((line) => (/^(:\d+)?$/.test(line) ? [] : [line.split('\t')[0] ?? '']));
}

test('commands, their options and the rollouts and flags that there are', async () => {
  const response = await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: 'ada', roles: [], text: planFor('basket'), file: 'p.yaml' }),
  });
  const { id } = (await response.json()) as { id: string };
  expect(await offered(['roll'])).toEqual(['rollback']);
  expect(await offered(['flags', ''])).toEqual(expect.arrayContaining(['list', 'set', 'undo']));
  expect(await offered(['list', '--ph'])).toEqual(['--phase']);
  expect(await offered(['approve', ''])).toContain(id);
  expect(await offered(['kill', 'bas'])).toEqual(['basket']);
  expect(await offered(['approve', 'nothing'])).toEqual([]);
});

test('without a server, everything but names', async () => {
  expect(await offered(['approve', ''], 'http://127.0.0.1:9')).toEqual([]);
  expect(await offered(['roll'], 'http://127.0.0.1:9')).toEqual(['rollback']);
});

test('the script of bash completes in bash', async () => {
  const bin = join(server.dataDir, 'tidegate');
  const main = new URL('main.ts', import.meta.url).pathname;
  await writeFile(bin, `#!/bin/sh\nexec "${process.execPath}" --import tsx "${main}" "$@"\n`);
  await chmod(bin, 0o755);
  // Of the package bash-completion the script needs this one function.
  const typed = `
    _get_comp_words_by_ref() { cur=\${COMP_WORDS[COMP_CWORD]}; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
    source <(tidegate completion bash)
    complete -p tidegate >&2
    COMP_WORDS=(tidegate flags his); COMP_CWORD=2
    __tidegate_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', typed], {
    cwd: new URL('..', import.meta.url).pathname,
    env: { ...process.env, PATH: `${server.dataDir}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  expect(stdout.trim().split(/\s+/)[0]).toBe('history');
});
