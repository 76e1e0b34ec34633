import { setImmediate as breathe } from 'node:timers/promises';
import type { Steps } from '../analysis/unhurried.ts';

/** Milliseconds that flags, which the same process serves, may wait. */
const AT_ONCE = 10;

/** Takes a breath wherever something has taken too long in one go. */
export interface Pace {
  breathe(): Promise<void>;
}

export function createPace(): Pace {
  let began = performance.now();
  return {
    async breathe() {
      if (performance.now() - began < AT_ONCE) return;
      await breathe();
      began = performance.now();
    },
  };
}

/** All steps, with a breath between them. */
export async function unhurried<T>(steps: Steps<T>): Promise<T> {
  const pace = createPace();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await pace.breathe();
  }
}
