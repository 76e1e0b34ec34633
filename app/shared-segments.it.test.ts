import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { saveSegments } from '../flags/segment-file.ts';
import { SegmentSpec, SharedSegment } from '../plans/flag/segment.ts';
import { openDatabase } from '../store/connection.ts';
import { migrate } from '../store/migrate.ts';
import { createFlagRegistry } from '../store/registry.ts';
import { createDatabase } from '../test/fixtures/database.ts';
import { Config } from './config.ts';
import { sharedSegments } from './shared-segments.ts';

test('names the segments that flags share, from PostgreSQL and without it', async () => {
  const postgres = await createDatabase();
  const data = await mkdtemp(join(tmpdir(), 'tidegate-segments-'));
  try {
    await migrate(postgres.url);
    const database = openDatabase(postgres.url);
    const spec = SegmentSpec.parse({ name: 'beta', joinable: true });
    await createFlagRegistry(database, []).putSegment(spec, { author: 'ada', reason: 'test' });
    await database.close();
    const configAt = (url: string) => Config.parse({ data, database: { url } });
    expect(await sharedSegments(configAt(postgres.url))).toEqual(['beta']);
    await saveSegments(data, [SharedSegment.parse({ name: 'kept', joined: [], left: [] })]);
    const away = 'postgres://nobody@127.0.0.1:1/none';
    expect(await sharedSegments(configAt(away))).toEqual(['kept']);
  } finally {
    await postgres.drop();
    await rm(data, { recursive: true, force: true });
  }
});
