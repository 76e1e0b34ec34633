import { z } from 'zod';
import { ClientSightings, EvaluationVerdict } from '../../plans/flag/evaluations.ts';
import { Duration } from '../../plans/units.ts';

export const EvaluationsQuery = z.strictObject({
  /** How far back, such as `30d`. */
  window: Duration.prefault('30d'),
});

export const EvaluationsReply = z.strictObject({
  /** Milliseconds since 1970. */
  from: z.number(),
  to: z.number(),
  /** Since when servers count answers of OFREP; null: not yet. */
  ofrepSince: z.number().nullable(),
  clients: z.array(ClientSightings),
  flags: z.array(
    z.strictObject({
      environment: z.string(),
      key: z.string(),
      /** Answers of OFREP for this flag alone. */
      ofrep: z.number(),
      /** Answers of OFREP with all flags of the environment, which do not say which of them is used. */
      bulk: z.number(),
      verdict: EvaluationVerdict,
    }),
  ),
});
export type EvaluationsReply = z.infer<typeof EvaluationsReply>;
