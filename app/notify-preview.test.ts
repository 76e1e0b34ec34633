import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type JournalEntry, TRANSITIONS } from '../plans/journal.ts';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import { parseConfig } from './load-config.ts';
import { previewNotification } from './notify-preview.ts';

const text = `
channels:
  terminal: { kind: terminal }
  hook: { kind: webhook, url: https://hooks.example.com/, secret: "\${KEY}" }
  mail: { kind: email, host: smtp.example.com, from: t@a.example, to: [b@a.example], user: u, password: "\${KEY}" }
  chat: { kind: slack, token: "\${KEY}", channel: C0123456789 }
  duty: { kind: pagerduty, routingKey: "\${KEY}" }
`;
const config = parseConfig(text, 'tidegate.yaml', { KEY: 'secret-of-some-length' });

test.each(Object.keys(config.channels))('%s shows every event, and no secret', (channel) => {
  for (const event of TRANSITIONS) {
    const preview = previewNotification(config, { channel, event });
    expect(preview.text).not.toMatch(/undefined|null/);
    expect(JSON.stringify(preview)).not.toContain('secret-of-some-length');
    expect(preview.html !== null).toBe(channel === 'mail');
  }
});

test('a real rollout is shown by its latest such entry, and what it never had is an error', () => {
  const cause = { kind: 'policy' as const, reason: 'r' };
  const view = exampleView({ id: 'search-3', name: 'search', title: null, flag: 'search' });
  const one = (seq: number, summary: string): JournalEntry => ({
    rolloutId: 'search-3',
    seq,
    at: 0,
    transition: 'drift',
    stage: '5%',
    cause,
    summary,
    exposure: view.exposure,
    flagBefore: null,
    flagAfter: null,
    evidence: null,
    queries: [],
  });
  const rollout = { view, entries: [one(3, 'The first.'), one(5, 'The second.')] };
  const { text } = previewNotification(config, { channel: 'mail', event: 'drift', rollout });
  expect(text).toContain('The second.');
  expect(text).toContain('(search-3)');
  expect(() => previewNotification(config, { channel: 'mail', event: 'killed', rollout })).toThrow(
    /no killed in its journal; it has drift\./,
  );
});

test('what is misspelt is told with what there is', () => {
  expect(() => previewNotification(config, { channel: 'mial', event: 'drift' })).toThrow(
    /it has terminal, hook/,
  );
  expect(() => previewNotification(config, { channel: 'mail', event: 'hardstop' })).toThrow(/mean hard-stop/);
});

test('a template that fails is an error', () => {
  const templates = mkdtempSync(join(tmpdir(), 'tidegate-preview-'));
  writeFileSync(join(templates, 'default.text.njk'), '{% if %}');
  const mail = config.channels['chat'];
  if (mail?.kind !== 'slack') throw new Error('no channel');
  const broken = { ...config, channels: { chat: { ...mail, templates } } };
  expect(() => previewNotification(broken, { channel: 'chat', event: 'drift' })).toThrow(
    /template of chat fails/,
  );
  rmSync(templates, { recursive: true });
});
