import { expect, it, vi } from 'vitest';
import type { FlagReading } from '../flags/provider.ts';
import type { RolloutRow } from '../store/store.ts';
import { startReconciler } from './reconcile.ts';

it('tells every rollout that its flag was killed, also where Temporal does not know the one before', async () => {
  const told: string[] = [];
  const warned: unknown[] = [];
  const rows = ['lost-1', 'open-1', 'shut-1'].map((id) => ({ id, environment: 'production', flag: id }));
  const latch = { by: 'eve', reason: 'errors', at: new Date(0).toISOString() };
  const reconciler = startReconciler({
    store: { list: async () => rows as RolloutRow[] },
    flags: {
      read: async ({ key }) =>
        ({ rolloutId: key, latch: key === 'open-1' ? null : latch }) as Partial<FlagReading> as FlagReading,
    },
    engine: {
      killed: async (id) => {
        if (id === 'lost-1') throw new Error('no such workflow');
        told.push(id);
      },
    },
    log: { warn: (details) => warned.push(details) },
    everyMs: 5,
  });
  await vi.waitFor(() => expect(told).toContain('shut-1'));
  reconciler.stop();
  expect(told).not.toContain('open-1');
  expect(warned[0]).toMatchObject({ err: new Error('no such workflow') });
});
