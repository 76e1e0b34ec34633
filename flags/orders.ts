import { randomUUID } from 'node:crypto';
import type { FlagState, FlagStore } from '../store/flag-contract.ts';
import { carryOver } from './carry-over.ts';
import type { EmergencyLatch, Latches } from './latches.ts';
import type { FlagReading, FlagTarget, FlagWrite } from './provider.ts';
import type { FlagService } from './service.ts';
import { loadSnapshots } from './snapshot.ts';

type OrderDetails = Pick<EmergencyLatch, 'exposure' | 'rolloutId' | 'epoch' | 'by' | 'reason' | 'final'> & {
  at?: string;
};

export function newOrder(
  kind: EmergencyLatch['kind'],
  target: FlagTarget,
  details: OrderDetails,
): EmergencyLatch {
  const { environment, key } = target;
  return { id: randomUUID(), kind, environment, key, at: new Date().toISOString(), ...details };
}

/** What an order keeps of a write that lowers. */
export function lowering({ exposure, rolloutId, epoch, author, reason, final }: FlagWrite): OrderDetails {
  return { exposure, rolloutId, epoch, by: author, reason, ...(final === undefined ? {} : { final }) };
}

/** Carries a kill out in PostgreSQL, once, whoever else does the same. */
export async function killInStore(
  { latches, store }: { latches: Latches; store: FlagStore },
  order: EmergencyLatch,
): Promise<FlagState> {
  const carried = await carryOver(latches, store, order);
  const state = carried ?? (await store.read(order));
  // Somebody else carried it over in between, and perhaps a person unlocked it since: this kill counts all the same.
  if (state !== null && state.latch !== null) return state;
  const { by, reason, at, exposure } = order;
  return store.kill(order, exposure, { by, reason, at });
}

/** The last definition known without PostgreSQL: of this process's service, else of any on this data folder. */
export async function lastKnown(
  { service, dataDir }: { service?: FlagService | undefined; dataDir: string },
  { environment, key }: FlagTarget,
): Promise<FlagState | null> {
  const held = service?.definition({ environment, key });
  if (held !== undefined && held !== null) return held;
  const kept = await loadSnapshots(dataDir);
  return kept.find((state) => state.environment === environment && state.key === key) ?? null;
}

export function readingOf(state: FlagState): FlagReading {
  const { environment, key, exposure, revision, epoch, rolloutId, latch, lease, updatedBy } = state;
  const reading = { environment, key, exposure, revision, epoch, rolloutId, latch, changedBy: updatedBy };
  return lease == null ? reading : { ...reading, lease };
}
