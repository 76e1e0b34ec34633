import { learn } from '../analysis/history.ts';
import { isFailure } from '../plans/failures.ts';
import { servedPlan } from '../plans/shadow.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateMemory } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';
import type { SampleWriter } from './sample-writer.ts';

/** Seconds of history that are read before a rollout, and polls of it at most: beyond, a curve gains nothing. */
const LENGTH = 24 * 3600;
const MOST_POLLS = 5_760;

/**
 * Reads once what the service's own past tells of a rollout: how much equal cohorts differ, and the latency edges.
 * Another worker that reads it again learns the same, since the past reads the same. A source that is away is asked
 * again at the next poll; until then the plan's assumed noise stands in.
 */
export function createHistoryReader(parts: ActivityParts, samples: SampleWriter) {
  return {
    async learn(memory: GateMemory, { plan, origin, rolloutId }: GateRequest): Promise<GateMemory> {
      const { poll, prometheus } = plan.source;
      const began = origin / 1000;
      try {
        const { samples: found, note } = await parts.source(prometheus).history({
          plan: servedPlan(plan),
          until: Math.floor(began / poll) * poll,
          windows: Math.min(MOST_POLLS, Math.floor(LENGTH / poll)),
          origin: began,
        });
        const before = found.filter(({ t }) => t < 0);
        const learnt = learn(plan, before);
        parts.log.info(
          { rolloutId, polls: before.length, measured: Object.keys(learnt.dispersion), note },
          'history read',
        );
        await samples.save(
          ...before.map((sample) => ({
            rolloutId,
            stage: sample.stage,
            t: sample.t,
            at: origin + sample.t * 1000,
            sample,
            assessment: null,
          })),
        );
        return { ...memory, learnt };
      } catch (error) {
        if (!isFailure(error)) throw error;
        parts.log.warn({ rolloutId, error: error.message }, 'history not read yet');
        // The server's word on the query itself does not change; an outage does.
        return error.code === 'PROMETHEUS_UNREACHABLE' ? memory : { ...memory, learnt: learn(plan, []) };
      }
    },
  };
}
