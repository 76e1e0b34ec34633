import { z } from 'zod';
import { Exposure } from './exposure.ts';

/** A rollback that goes down stage by stage. */
export const Descent = z.strictObject({
  /** What the flag is to serve, one after the other; the last is where a stop ends. */
  steps: z.array(z.strictObject({ exposure: Exposure, at: z.number() })),
  /** The stage from which it goes down. */
  from: z.string(),
});
export type Descent = z.infer<typeof Descent>;
