import { z } from 'zod';
import type { Plan } from '../../plans/plan.ts';

/**
 * What Alertmanager posts to a webhook, version 4
 * (prometheus.io/docs/alerting/latest/configuration/#webhook_config); it may get more fields.
 */
export const AlertmanagerPayload = z.looseObject({
  version: z.literal('4'),
  alerts: z
    .array(
      z.looseObject({
        status: z.enum(['firing', 'resolved']),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).default({}),
        startsAt: z.string(),
        fingerprint: z.string().min(1),
      }),
    )
    .max(1000),
});
export type AlertmanagerAlert = z.infer<typeof AlertmanagerPayload>['alerts'][number];

/** Which rollouts the labels of an alert name, and what people read of it. Null: it names none. */
export function subjectOf(
  alert: AlertmanagerAlert,
): { about: { rollout?: string; flag?: string; service?: string; environment?: string }; text: Text } | null {
  const { rollout, flag, service, environment, alertname = 'alert' } = alert.labels;
  const { summary, description, message } = alert.annotations;
  const text = { name: alertname, detail: summary ?? description ?? message ?? '' };
  const at = environment === undefined ? {} : { environment };
  if (rollout !== undefined) return { about: { rollout }, text };
  if (flag !== undefined) return { about: { flag, ...at }, text };
  return service === undefined ? null : { about: { service, ...at }, text };
}

interface Text {
  name: string;
  detail: string;
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
