import type { Plan } from './plan.ts';

/** Grafana takes at most 40 characters. */
export function uidOf(text: string): string {
  return text.replace(/[^\w-]/g, '-').slice(0, 40);
}

/** Under which Grafana has the dashboard that is generated for the rollouts of a plan. */
export function dashboardUid({ environment, flag }: Pick<Plan, 'environment' | 'flag'>): string {
  return uidOf(`tidegate-${environment}-${flag.key}`);
}
