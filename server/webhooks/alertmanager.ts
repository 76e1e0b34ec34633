import { z } from 'zod';
import type { Plan } from '../../plans/plan.ts';

/**
 * What Alertmanager posts to a webhook, version 4
 * (prometheus.io/docs/alerting/latest/configuration/#webhook_config); it may get more fields.
 */
export const AlertmanagerPayload = z.looseObject({
  version: z.literal('4'),
  /** How many it left out itself. */
  truncatedAlerts: z.number().int().min(0).default(0),
  alerts: z.array(
    z.looseObject({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()).default({}),
      startsAt: z.string(),
      fingerprint: z.string().min(1),
    }),
  ),
});
export type AlertmanagerAlert = z.infer<typeof AlertmanagerPayload>['alerts'][number];

/** What the labels of an alert may name, the nearest first: a rollout, else a flag or a service. */
export function subjectsOf({
  labels,
}: AlertmanagerAlert): { rollout?: string; flag?: string; service?: string; environment?: string }[] {
  const { rollout, flag, service, environment } = labels;
  const at = environment === undefined ? {} : { environment };
  return [
    ...(rollout === undefined ? [] : [{ rollout }]),
    ...(flag !== undefined ? [{ flag, ...at }] : service === undefined ? [] : [{ service, ...at }]),
  ];
}

/** What people read of an alert. */
export function textOf({ labels, annotations }: AlertmanagerAlert): { name: string; detail: string } {
  const { summary, description, message } = annotations;
  return { name: labels['alertname'] ?? 'alert', detail: summary ?? description ?? message ?? '' };
}

/**
 * `canary` when the labels of the alert are those by which the plan tells the canary's series, else the whole service: an
 * alert about the old path is no reason to take the new one away.
 */
export function scopeOf(labels: Readonly<Record<string, string>>, plan: Plan): 'canary' | 'service' {
  const { cohorts } = plan.source;
  const wanted = 'label' in cohorts ? [[cohorts.label, cohorts.canary] as const] : matchersOf(cohorts.canary);
  return wanted !== null && wanted.length > 0 && wanted.every(([label, value]) => labels[label] === value)
    ? 'canary'
    : 'service';
}

const EQUALITY = /^\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*$/;

/** Null where a matcher is no plain equality: labels of an alert cannot be held against it. */
function matchersOf(text: string): (readonly [string, string])[] | null {
  const parts = text.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).filter((part) => part.trim() !== '');
  const matchers = parts.map((part) => EQUALITY.exec(part));
  if (matchers.includes(null)) return null;
  return matchers.map((match) => [match?.[1] ?? '', match?.[2] ?? ''] as const);
}
