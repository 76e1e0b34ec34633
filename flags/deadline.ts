import { Failure } from '../plans/failures.ts';

const CODES = { PostgreSQL: 'POSTGRES_UNREACHABLE', Temporal: 'TEMPORAL_UNREACHABLE' } as const;

/**
 * The result of `work`, or when it takes longer `POSTGRES_UNREACHABLE`, `TEMPORAL_UNREACHABLE` or the failure given. What is late goes on unheard:
 * only for work that may land twice.
 */
export async function within<T>(
  milliseconds: number,
  work: Promise<T>,
  otherwise: keyof typeof CODES | Failure = 'PostgreSQL',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate(otherwise, milliseconds)), milliseconds);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(otherwise: keyof typeof CODES | Failure, milliseconds: number): Failure {
  if (otherwise instanceof Failure) return otherwise;
  return new Failure(CODES[otherwise], `${otherwise} did not answer within ${milliseconds} ms.`);
}

/** True when `work` has succeeded within so many milliseconds. Why it did not is not told: only where somebody else tells it. */
export async function inTime(milliseconds: number, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await within(milliseconds, work());
    return true;
  } catch {
    return false;
  }
}
