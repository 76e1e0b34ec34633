import { createSources } from '../metrics/sources.ts';
import type { Plan } from '../plans/plan.ts';
import type { BacktestOutcome } from '../rollout/backtest.ts';
import { Recorded } from '../rollout/recorded.ts';
import type { Config } from './config.ts';

export interface PastRequest {
  config: Config;
  plan: Plan;
  /** Unix seconds. */
  from: number;
  until: number;
  stage: string | null;
  /** Told after each span how many of its windows were read, and how many of those were evidence. */
  told: (windows: number, used: number) => void;
}

/**
 * What the plan would have done with the rollouts that its Prometheus remembers. It reads, and changes nothing.
 * @throws Failure CONFIG_INVALID, PROMETHEUS_UNREACHABLE, PROMETHEUS_QUERY
 */
export async function backtestPast(request: PastRequest): Promise<BacktestOutcome[]> {
  const { config, plan, from, until, stage, told } = request;
  const sources = createSources(config.sources);
  try {
    const recorded = new Recorded(plan, { name: plan.metadata.name, stage });
    for await (const windows of sources.get(plan.source.prometheus).recording({ plan, from, until })) {
      const samples = windows.flatMap((window) => (window.kind === 'sample' ? [window.sample] : []));
      for (const sample of samples) recorded.add(sample);
      told(windows.length, samples.length);
    }
    return recorded.finish();
  } finally {
    sources.close();
  }
}
