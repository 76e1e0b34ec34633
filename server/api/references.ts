import { z } from 'zod';
import { ReferenceReport } from '../../plans/flag/references.ts';
import { LARGEST } from './numbers.ts';

export const ReferenceRequest = z.strictObject({
  by: z.string().min(1).optional(),
  /** Which source was searched; each has its own last report. */
  repository: z.string().min(1).max(200).default('default'),
  /** Places that name the flag. */
  count: z.int().min(0).max(LARGEST),
  commit: z.string().min(1).max(200).nullable().default(null),
});
export const ReferencesReply = z.strictObject({ flag: z.string(), reports: z.array(ReferenceReport) });
export type ReferencesReply = z.infer<typeof ReferencesReply>;
