import { z } from 'zod';
import { Breakage, DrillRun, LONGEST, MOST_PERCENT } from '../../plans/drill.ts';
import { RolloutView } from '../../plans/view.ts';

const actor = { by: z.string().min(1).optional(), roles: z.array(z.string()).optional() };
const reason = z.string().nullable().default(null);

export const DrillRequest = z
  .strictObject({
    ...actor,
    reason,
    errorRate: Breakage.shape.errorRate.default(1),
    latencyMs: Breakage.shape.latencyMs.default(0),
    /** Of the canary's users; without it 5 %, where that is at most 1 % of everybody. */
    percent: z.number().gt(0).max(MOST_PERCENT).optional(),
    /** Detected, rolled back and verified within so many seconds; then it ends by itself. */
    within: z.int().min(5).max(LONGEST).default(300),
  })
  .refine(({ errorRate, latencyMs }) => errorRate > 0 || latencyMs > 0, 'it breaks nothing');
export const DrillEndRequest = z.strictObject({ ...actor, reason });
export const DrillReply = z.strictObject({
  id: z.string(),
  rollout: z.string(),
  drill: DrillRun,
  view: RolloutView,
});
export type DrillReply = z.infer<typeof DrillReply>;

export const DrillsQuery = z.strictObject({
  environment: z.string().optional(),
  flag: z.string().optional(),
  rollout: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
/** The latest first. */
export const DrillsReply = z.strictObject({
  drills: z.array(
    z.strictObject({ rolloutId: z.string(), environment: z.string(), flag: z.string(), run: DrillRun }),
  ),
});
export type DrillsReply = z.infer<typeof DrillsReply>;
