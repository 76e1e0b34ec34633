import { createSources } from '../metrics/sources.ts';
import type { Plan } from '../plans/plan.ts';
import type { BacktestOutcome } from '../rollout/backtest-outcome.ts';
import { Recorded } from '../rollout/recorded.ts';
import type { BacktestStory } from '../rollout/reporting/backtest-story.ts';
import { backtestHtml } from '../server/report/backtest-html.ts';
import type { Config } from './config.ts';

export interface Backtested {
  outcomes: BacktestOutcome[];
  stories: BacktestStory[];
}

export interface PastRequest {
  config: Config;
  plan: Plan;
  /** Unix seconds. */
  from: number;
  until: number;
  stage: string | null;
  /** So many rollouts are to be drawn. */
  draw: number;
  /** Told after each span how many of its windows were read, and how many of those were evidence. */
  told: (windows: number, used: number) => void;
}

/**
 * What the plan would have done with the rollouts that its Prometheus remembers. It reads, and changes nothing.
 * @throws Failure CONFIG_INVALID, PROMETHEUS_UNREACHABLE, PROMETHEUS_QUERY
 */
export async function backtestPast(request: PastRequest): Promise<Backtested> {
  const { config, plan, from, until, stage, draw, told } = request;
  const sources = createSources(config.sources);
  try {
    const recorded = new Recorded(plan, { name: plan.metadata.name, stage, draw });
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

/** The page of a backtest. `summary`: all outcomes in one sentence. */
export function backtestPage(
  plan: Plan,
  { outcomes, stories, summary }: Backtested & { summary: string },
): string {
  return backtestHtml({
    plan: plan.metadata.title ?? plan.metadata.name,
    summary,
    stories,
    left: outcomes.length - stories.length,
    madeAt: Date.now(),
  });
}
