import { within } from '../flags/deadline.ts';
import { Failure } from '../plans/failures.ts';
import type { RolloutRow, RolloutStore } from '../store/store.ts';
import type { Replays } from './replays.ts';
import type { Reports } from './reports.ts';

/** Clients and proxies give a request up after 30 seconds or more. */
const PATIENCE_MS = 15_000;

export interface PatienceParts {
  rollouts: Pick<RolloutStore, 'sampleMark'>;
  /** How long a request waits for the record of a rollout, in milliseconds. Default 15,000. */
  patienceMs?: number;
}

/**
 * The same within the time of a request: weeks of polls are read for longer than that. What is late goes on, and the next request finds
 * it further. Both fail with STILL_READING and how far it is.
 */
export function patient(
  { rollouts, patienceMs = PATIENCE_MS }: PatienceParts,
  { replays, reports }: { replays: Replays; reports: Reports },
): { replays: Replays; reports: Reports } {
  async function inTime<T>(row: RolloutRow, work: Promise<T>): Promise<T> {
    const late = new Failure('STILL_READING', `The polls of ${row.id} are still being read.`);
    try {
      return await within(patienceMs, work, late);
    } catch (error) {
      const read = error === late ? replays.read(row.id) : null;
      if (read === null) throw error;
      const { rows } = await rollouts.sampleMark(row.id, Number.MAX_VALUE);
      throw new Failure('STILL_READING', `${read} of the ${rows} polls of ${row.id} are read by now.`);
    }
  }
  return {
    replays: { ...replays, of: (row, use) => inTime(row, replays.of(row, use)) },
    reports: {
      of: (row) => inTime(row, reports.of(row)),
      gates: (row) => inTime(row, reports.gates(row)),
    },
  };
}
