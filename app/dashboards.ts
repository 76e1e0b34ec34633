import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rolloutDashboard } from '../dashboards/rollout-dashboard.ts';
import { rolloutRules } from '../dashboards/rollout-rules.ts';
import type { Plan } from '../plans/plan.ts';

/** What Grafana and Prometheus show of a plan's rollouts, as texts by their file names. */
export function dashboardFiles(plan: Plan): {
  dashboard: [name: string, text: string];
  rules: [string, string];
} {
  const name = `${plan.metadata.name}-${plan.environment}`;
  return {
    dashboard: [`${name}.dashboard.json`, `${JSON.stringify(rolloutDashboard(plan), null, 2)}\n`],
    rules: [`${name}.rules.yaml`, rolloutRules(plan)],
  };
}

/** Makes the folder and gives the path of a file in it. */
export async function inFolder(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return join(folder, name);
}
