import { expect, test, vi } from 'vitest';
import type { FlagTarget } from '../store/flag-contract.ts';
import { createRefresher } from './refresher.ts';

test('many changes at once are one read and no queue', async () => {
  const reads: (FlagTarget | null)[] = [];
  let release: () => void = () => undefined;
  const refresher = createRefresher({
    load: (target) => {
      reads.push(target);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    },
    pollMs: 3_600_000,
    onUp: () => undefined,
    onDown: () => undefined,
  });
  const target = (n: number) => ({ environment: 'production', key: `flag-${n}` });
  refresher.refresh(target(0));
  for (let n = 1; n <= 100; n += 1) refresher.refresh(target(n));
  release();
  await vi.waitFor(() => expect(reads).toEqual([target(0), null]));
  release();
  await refresher.stop();
  expect(reads).toHaveLength(2);
});

test('what stops a flag is read beside a reading that takes long, and again if that fails', async () => {
  const reads: (FlagTarget | null)[] = [];
  const waiting: { resolve(): void; reject(error: Error): void }[] = [];
  const refresher = createRefresher({
    load: (target) => {
      reads.push(target);
      return new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
    },
    pollMs: 3_600_000,
    onUp: () => undefined,
    onDown: () => undefined,
  });
  const killed = { environment: 'production', key: 'killed' };
  refresher.refresh();
  refresher.rush(killed);
  expect(reads).toEqual([null, killed]);
  waiting[1]?.reject(new Error('away'));
  waiting[0]?.resolve();
  await vi.waitFor(() => expect(reads).toEqual([null, killed, killed]));
  waiting[2]?.resolve();
  await refresher.stop();
});
