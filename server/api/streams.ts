import { z } from 'zod';

/** Where a reader was that cannot send a header: the id of the last event that it has seen. */
export const StreamQuery = z.strictObject({
  lastEventId: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});

export const BoardStreamQuery = z.strictObject({
  ...StreamQuery.shape,
  environment: z.string().optional(),
  flag: z.string().optional(),
  service: z.string().optional(),
});
