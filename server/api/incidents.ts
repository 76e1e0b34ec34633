import { z } from 'zod';
import { INCIDENT_STATES } from '../../plans/journal.ts';

/** An incident as it stands now. Milliseconds since 1970. */
export const IncidentReply = z.strictObject({
  id: z.string(),
  state: z.enum(INCIDENT_STATES),
  since: z.number(),
  /** Null: it is open. */
  closedAt: z.number().nullable(),
  /** In one sentence. */
  summary: z.string(),
  /** What is known, one fact each. */
  lines: z.array(z.string()),
});
export type IncidentReply = z.infer<typeof IncidentReply>;

/** None, or the one that a rollout has. */
export const IncidentsReply = z.strictObject({ incidents: z.array(IncidentReply) });
export type IncidentsReply = z.infer<typeof IncidentsReply>;

export const CloseRequest = z.strictObject({
  /** Why it is over; it stands in the journal. */
  reason: z.string().trim().min(1).max(2000),
  by: z.string().min(1).optional(),
  roles: z.array(z.string()).optional(),
});

export const ReviewReply = z.strictObject({
  id: z.string(),
  /** Markdown. */
  review: z.string(),
});
export type ReviewReply = z.infer<typeof ReviewReply>;
