import { z } from 'zod';
import { Evidence, EvidenceKind } from '../../plans/before.ts';

/** The sender is known by its token or its login; only who may act for others names another person and its roles. */
export const EvidenceRequest = z.strictObject({
  by: z.string().min(1).optional(),
  roles: z.array(z.string()).optional(),
  kind: EvidenceKind,
  ok: z.boolean(),
  /** Where it can be read. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional(),
});
export type EvidenceRequest = z.infer<typeof EvidenceRequest>;

/** `asked`: whether the rollout looks again at once; else it does so by itself later. */
export const EvidenceReply = z.strictObject({
  id: z.string(),
  evidence: z.array(Evidence),
  asked: z.boolean(),
});
