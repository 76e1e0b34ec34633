import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ProviderConfig } from './config.ts';
import { openPlatforms } from './open.ts';

const PLATFORMS = openPlatforms(
  Object.fromEntries(
    [
      { kind: 'unleash', url: 'http://127.0.0.1:1', token: 'a-token', project: 'p' },
      { kind: 'launchdarkly', token: 'a-token', project: 'p' },
      { kind: 'azure', url: 'http://127.0.0.1:1', id: 'id', secret: 'c2VjcmV0' },
      { kind: 'webhook', url: 'http://127.0.0.1:1', secret: 'sixteen-characters' },
      { kind: 'file', path: '{environment}.json' },
    ].map((config) => [config.kind, ProviderConfig.parse(config)]),
  ),
  {},
);

const text = readFileSync(new URL('../../docs/platforms.md', import.meta.url), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| '));
const cells = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const kinds = cells(rows[0] ?? '').map((cell) => cell.replaceAll('`', ''));

it.each([
  ['makes a flag that is not there', 'creates'],
  ['refuses a write onto another version', 'compareAndSet'],
  ['says who changed it', 'tellsWho'],
] as const)('the table of platforms says no where a platform does not: %s', (title, capability) => {
  const row = cells(rows.find((line) => line.startsWith(`| ${title} |`)) ?? '');
  expect(row).toHaveLength(kinds.length);
  for (const [kind, { can }] of PLATFORMS)
    expect([kind, /^no\b/.test(row[kinds.indexOf(kind)] ?? '')]).toEqual([kind, !can[capability]]);
});
