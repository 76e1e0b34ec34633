import { z } from 'zod';
import { Key, Name, Role } from './names.ts';
import { Duration } from './units.ts';

/** What people and programs tell of a rollout before it begins. */
export const EVIDENCE = [
  'tests',
  'sign-off',
  'on-call',
  'runbook',
  'support',
  'alerts',
  'dashboards',
] as const;
export const EvidenceKind = z.enum(EVIDENCE);
export type EvidenceKind = z.infer<typeof EvidenceKind>;

export const Before = z.strictObject({
  metrics: z
    .enum(['baseline', 'both'])
    .optional()
    .describe('Every metric of the plan has series of the baseline, or of both cohorts.'),
  alerts: z
    .array(Name)
    .min(1)
    .optional()
    .describe('Alerting rules that the source has and that can be evaluated.'),
  drill: z
    .strictObject({
      within: Duration.prefault('30d').describe('How long ago at most.'),
      environment: Key.optional().describe('Where it was. Default: that of the plan.'),
    })
    .optional()
    .describe('A rollout took this flag back to nobody while a drill was set on it.'),
  evidence: z
    .array(EvidenceKind)
    .min(1)
    .optional()
    .describe('What must have been told of this rollout, with `tidegate evidence` or by API.'),
  waive: z
    .strictObject({ roles: z.array(Role).min(1).describe('One of these, and not who submitted it.') })
    .optional()
    .describe('Who may let the rollout begin without, and says why. Default: nobody.'),
});
export type Before = z.infer<typeof Before>;

/** What was told last of one kind. `at` in ms since 1970. */
export const Evidence = z.strictObject({
  kind: EvidenceKind,
  ok: z.boolean(),
  by: z.string(),
  url: z.string().nullable(),
  at: z.number(),
});
export type Evidence = z.infer<typeof Evidence>;

/** True where something must hold before the first stage. */
export function asksBefore(before: Before | undefined): before is Before {
  if (before === undefined) return false;
  const { metrics, alerts, drill, evidence } = before;
  return [metrics, alerts, drill, evidence].some((one) => one !== undefined);
}
