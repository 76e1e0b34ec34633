import { inTime } from '../flags/deadline.ts';
import { TELL_WITHIN } from './hard-stop.ts';
import type { ActivityParts } from './parts.ts';

/** How long a Temporal that did not answer is left alone, in milliseconds: a gate with short polls would fall behind. */
const ASK_AGAIN = 5_000;

export interface Line {
  /** Whether what a gate returns reaches its workflow now. */
  isUp(): Promise<boolean>;
}

export function openLine(parts: Pick<ActivityParts, 'reachTemporal'>): Line {
  let silentUntil = 0;
  return {
    async isUp() {
      if (Date.now() < silentUntil) return false;
      if (await inTime(TELL_WITHIN, () => parts.reachTemporal())) return true;
      silentUntil = Date.now() + ASK_AGAIN;
      return false;
    },
  };
}
