import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { createChannels, warnOfTemplates } from './channels.ts';

const parts = () => ({ stream: new PassThrough(), log: rememberingLog() });

test('every configured channel is there by its name', () => {
  const hook = { kind: 'webhook' as const, url: 'https://example.org/', headers: {}, timeout: 3 };
  const channels = createChannels({ terminal: { kind: 'terminal' }, pager: hook }, parts());
  expect([...channels].map(([name, { kind }]) => [name, kind])).toEqual([
    ['terminal', 'terminal'],
    ['pager', 'webhook'],
  ]);
  expect(channels.get('pager')?.timeoutMs).toBe(3000);
});

test('a template that some message would fail in is told when the worker starts, and nothing is refused', () => {
  const templates = mkdtempSync(join(tmpdir(), 'tidegate-channels-'));
  writeFileSync(join(templates, 'paused.text.njk'), '{{ rollout.owner.trim() }}');
  const hook = { kind: 'webhook' as const, url: 'https://example.org/', headers: {}, timeout: 3 };
  const log = rememberingLog();
  warnOfTemplates({ terminal: { kind: 'terminal' }, fine: hook, pager: { ...hook, templates } }, log);
  rmSync(templates, { recursive: true, force: true });
  expect(log.lines).toHaveLength(1);
  expect(JSON.stringify(log.lines)).toMatch(
    /paused\.text\.njk for paused \(without optional fields\).*pager/,
  );
});

test('the terminal gets one clean line per message', async () => {
  const { stream, log } = parts();
  const terminal = createChannels({ terminal: { kind: 'terminal' } }, { stream, log }).get('terminal');
  await terminal?.check();
  await terminal?.send(notification({ title: 'Title', summary: 'one\ntwo\u001b[2J', undelivered: 'pager' }));
  expect(String(stream.read())).toBe(
    '2026-01-02T03:04:05.000Z Title: one two [2J [meant for pager, which does not take messages]\n',
  );
});

test('a terminal that is gone is told, so that the message is kept', async () => {
  const { stream, log } = parts();
  const terminal = createChannels({ terminal: { kind: 'terminal' } }, { stream, log }).get('terminal');
  stream.destroy();
  await expect(terminal?.send(notification())).rejects.toMatchObject({ code: 'CHANNEL_FAILED' });
  await expect(terminal?.check()).rejects.toMatchObject({ code: 'CHANNEL_FAILED' });
});
