import { z } from 'zod';

/** A named audience: users whose `attribute` stands in `operator` to one of `values`. */
export const Segment = z.strictObject({
  attribute: z.string().min(1),
  operator: z.enum(['in', 'starts_with', 'ends_with', 'equals']),
  values: z.array(z.string()).min(1),
});
export type Segment = z.infer<typeof Segment>;
export type Segments = Record<string, Segment>;
