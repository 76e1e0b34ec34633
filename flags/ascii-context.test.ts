import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { asciiKey } from '../client/ascii-key.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { evaluateOne } from './ofrep.ts';
import { startFlagService } from './service.ts';

it.each(['targetingKey', 'userId', 'user.id'])(
  'OFREP gives a key by %s its variant in ASCII',
  async (stickiness) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tidegate-ascii-'));
    const log = { info: () => undefined, warn: () => undefined };
    const service = await startFlagService({
      flagStore: null,
      databaseUrl: null,
      segments: {},
      dataDir,
      log,
    });
    onTestFinished(async () => {
      await service.stop();
      await rm(dataDir, { recursive: true });
    });
    // What makes a service without PostgreSQL ready is a definition on disk.
    service.accept(flagState(50, 1, { key: 'half', shape: { ...flagState(0, 0).shape, stickiness } }));
    await service.stop();
    const again = await startFlagService({ flagStore: null, databaseUrl: null, segments: {}, dataDir, log });
    const variant = (key: string) => {
      const context = { targetingKey: key, userId: key, user: { id: key } };
      return evaluateOne(again, {
        environment: 'production',
        flagSet: null,
        key: 'half',
        body: JSON.stringify({ context }),
      }).body;
    };
    const keys = Array.from({ length: 200 }, (_, n) => `Größe-${n}`);
    expect(keys.map(variant)).toEqual(keys.map((key) => variant(asciiKey(key))));
    await again.stop();
  },
);
