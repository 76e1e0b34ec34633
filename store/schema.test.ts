import { readFileSync } from 'node:fs';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';
import * as schema from './schema.ts';

interface Journal {
  entries: { idx: number }[];
}

test('the migrations build the tables of the schema: none is forgotten', async () => {
  const meta = (name: string): unknown =>
    JSON.parse(readFileSync(new URL(`./migrations/meta/${name}`, import.meta.url), 'utf8'));
  const last = (meta('_journal.json') as Journal).entries.at(-1)?.idx ?? 0;
  const snapshot = meta(`${String(last).padStart(4, '0')}_snapshot.json`) as ReturnType<
    typeof generateDrizzleJson
  >;
  expect(await generateMigration(snapshot, generateDrizzleJson({ ...schema }))).toEqual([]);
});
