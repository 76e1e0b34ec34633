import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, isFailure } from '../plans/failures.ts';
import type { Database, Queries } from './connection.ts';
import { isHurried } from './locks.ts';

const ATTEMPTS = 10;
const LOOK_AGAIN_MS = 20;

/**
 * One transaction of many steps, each of which holds the rows that it has changed to its end. What lowers one of those flags must not wait for it: between two steps it is
 * given up, and done again from the first when that is over. @throws Failure FLAGS_BUSY where that never comes to an end
 */
export async function givingWay<T>(
  database: Pick<Database, 'run' | 'transaction'>,
  work: (queries: Queries, step: <U>(one: () => Promise<U>) => Promise<U>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction((queries) =>
        work(queries, async (one) => {
          if (await isHurried(queries)) throw new Failure('FLAGS_BUSY', 'Flags are being lowered right now.');
          return one();
        }),
      );
    } catch (error) {
      if (!isFailure(error) || error.code !== 'FLAGS_BUSY' || attempt === ATTEMPTS) throw error;
    }
    for (let looks = 0; looks < 100 && (await database.run(isHurried)); looks++) await sleep(LOOK_AGAIN_MS);
  }
}
