import { execFile, spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { commandArgs, startCommand } from '../test/fixtures/command.ts';

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

async function asCommand(): Promise<NodeJS.ProcessEnv> {
  const bin = join(server.dataDir, 'tidegate');
  const command = [process.execPath, ...commandArgs()].map((part) => `"${part}"`).join(' ');
  await writeFile(bin, `#!/bin/sh\nexec ${command} "$@"\n`);
  await chmod(bin, 0o755);
  const path = `${server.dataDir}${delimiter}${process.env['PATH'] ?? ''}`;
  return {
    ...process.env,
    PATH: path,
    HOME: server.dataDir,
    XDG_CONFIG_HOME: server.dataDir,
    TIDEGATE_SERVER: server.url,
    TIDEGATE_TOKEN: server.token,
  };
}

function missing(shell: string): string {
  return spawnSync(shell, ['--version']).status === 0 ? '' : `there is no ${shell} on this machine`;
}

test('the script of bash completes in bash', async () => {
  // Of the package bash-completion the script needs this one function.
  const typed = `
    _get_comp_words_by_ref() { cur=\${COMP_WORDS[COMP_CWORD]}; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
    source <(tidegate completion bash)
    complete -p tidegate >&2
    COMP_WORDS=(tidegate flags his); COMP_CWORD=2
    __tidegate_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', typed], { env: await asCommand() });
  expect(stdout.trim().split(/\s+/)[0]).toBe('history');
});

const noFish = missing('fish');
test.skipIf(noFish !== '')(
  `the script of fish completes in fish${noFish && ` (skipped: ${noFish})`}`,
  async () => {
    const typed = `
    tidegate completion fish | source
    complete --do-complete 'tidegate flags his'
    echo ==
    complete --do-complete 'tidegate approve bas'
    echo ==
    complete --do-complete 'tidegate list --ph'`;
    const { stdout, stderr } = await promisify(execFile)('fish', ['--no-config', '-c', typed], {
      env: await asCommand(),
    });
    const offers = stdout.split('==\n').map((part) =>
      part
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\t')[0]),
    );
    expect({ offers, stderr }).toEqual({ offers: [['history'], ['basket-1'], ['--phase']], stderr: '' });
  },
);

const noZsh = missing('zsh');
test.skipIf(noZsh !== '')(
  `the script of zsh completes in zsh${noZsh && ` (skipped: ${noZsh})`}`,
  async () => {
    // Its line editor runs on a terminal of its own, where the keys are typed. The terminal shows keys, and what was completed, in pieces of its
    // own: the shell itself tells which line it ran.
    const typed = `
    zmodload zsh/zpty
    zpty shell "zsh -f -i"
    zpty -w shell "PS1=; preexec() { print -r -- RA''N=\\$1=; }; autoload -Uz compinit && compinit -u -D; source <(tidegate completion zsh); print re''ady"
    until [[ $all == *ready* ]]; do zpty -r shell part && all+=$part; done
    zpty -w -n shell $'tidegate flags his\\t --done\\n'
    until [[ $line == *RAN=*=* ]]; do zpty -r shell part && line+=$part; done
    print -r -- "$line"`;
    const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', typed], {
      env: await asCommand(),
      timeout: 50_000,
    });
    expect(stdout).toMatch(/RAN=tidegate flags history +--done=/);
  },
);
