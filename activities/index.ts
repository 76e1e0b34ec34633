import { createExplainActivity } from './explain.ts';
import { createFlagActivities } from './flag-writes.ts';
import { createFollowActivity } from './follow-required.ts';
import { createLookActivity } from './look-at-flag.ts';
import type { ActivityParts } from './parts.ts';
import { createRecordActivities } from './records.ts';
import { createCheckActivity } from './run-checks.ts';
import { createVerifyActivity } from './verify-rollback.ts';
import { createGateActivity } from './watch-gate.ts';

export function createActivities(parts: ActivityParts) {
  return {
    ...createFlagActivities(parts),
    ...createRecordActivities(parts),
    ...createGateActivity(parts),
    ...createLookActivity(parts),
    ...createFollowActivity(parts),
    ...createExplainActivity(parts),
    ...createVerifyActivity(parts),
    ...createCheckActivity(parts),
  };
}

export type Activities = ReturnType<typeof createActivities>;
