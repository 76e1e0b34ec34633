import type { Capabilities, Platform } from '../flags/platforms/platform.ts';
import type { Plan } from '../plans/plan.ts';
import { flagShape } from '../rollout/flag.ts';

export function capabilities(platforms: ReadonlyMap<string, Platform>): Record<string, Capabilities> {
  return Object.fromEntries([...platforms].map(([name, { can }]) => [name, can]));
}

/**
 * What the plan's platform says itself that it lacks, each with its path in the plan; none for the embedded provider.
 * @throws Failure PLATFORM_UNREACHABLE, PLATFORM_REFUSED
 */
export async function platformLacks(plan: Plan, platforms: ReadonlyMap<string, Platform>): Promise<string[]> {
  const platform = platforms.get(plan.flag.provider);
  if (platform === undefined) return [];
  const { environment, flag } = plan;
  return platform.lacks({ environment, key: flag.key, shape: flagShape(plan) });
}
