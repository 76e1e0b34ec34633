import type { Call, Path } from './path-call.ts';
import { isThenable } from './thenable.ts';

/** The new path did not answer within its time. */
export class PathTimeout extends Error {
  override readonly name = 'PathTimeout';
  readonly flag: string;
  readonly milliseconds: number;

  constructor(flag: string, milliseconds: number) {
    super(`The new path of ${flag} did not answer within ${milliseconds} ms.`);
    this.flag = flag;
    this.milliseconds = milliseconds;
  }
}

export interface TimedCall<R, I> {
  path: Path<R, I>;
  call: Call<I>;
  milliseconds: number;
}

/**
 * Calls a path and gives up on it after `milliseconds`, with its signal aborted; it may go on in the background, and
 * what becomes of it is nobody's business any more. Rejects with what the path threw, or `PathTimeout`.
 */
export async function timed<R, I>({ path, call, milliseconds }: TimedCall<R, I>): Promise<R> {
  const running = path(call);
  if (!isThenable(running)) return running;
  return new Promise<R>((resolve, reject) => {
    const timer = setTimeout(() => {
      const late = new PathTimeout(call.assignment.flag, milliseconds);
      // First the answer: a path that throws at once when it is aborted must not be taken for an error.
      reject(late);
      call.abort(late);
    }, milliseconds);
    void Promise.resolve(running)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}
