import { Failure } from '../plans/failures.ts';

/**
 * The result of `work`, or `POSTGRES_UNREACHABLE` when it takes longer. What is late goes on unheard: only for work
 * that may land twice.
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new Failure('POSTGRES_UNREACHABLE', `PostgreSQL did not answer within ${milliseconds} ms.`)),
      milliseconds,
    );
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
