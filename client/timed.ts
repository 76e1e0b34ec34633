import { startDeadline } from './deadlines.ts';
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
  const { flag } = call.assignment;
  try {
    const running = path(call);
    return isThenable(running) ? await inTime(running, { flag, milliseconds }) : running;
  } catch (error) {
    if (isLate(error, flag)) call.abort(error);
    throw error;
  }
}

/**
 * Settles as `running` does, or rejects with `PathTimeout`. Whoever waits then tells the path to stop: here that would
 * be done in the middle of some other request, whose context its listeners would see.
 */
export function inTime<R>(
  running: PromiseLike<R>,
  { flag, milliseconds }: { flag: string; milliseconds: number },
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const deadline = startDeadline(milliseconds, () => reject(new PathTimeout(flag, milliseconds)));
    running.then(
      (result) => {
        deadline.end();
        resolve(result);
      },
      (error: unknown) => {
        deadline.end();
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what the path threw is the caller's, whatever it is
        reject(error);
      },
    );
  });
}

/** The path of this flag did not answer in time. */
export function isLate(error: unknown, flag: string): error is PathTimeout {
  return error instanceof PathTimeout && error.flag === flag;
}
