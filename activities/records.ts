import type { Plan } from '../plans/plan.ts';
import { mixes } from '../plans/shared-service.ts';
import type { Afterword, AmendedPlan, RecordRequest } from '../rollout/command.ts';
import type { ActivityParts } from './parts.ts';

export interface FlagOf {
  rolloutId: string;
  environment: string;
  key: string;
  provider: string;
}

export interface PeersRequest {
  service: string;
  rolloutId: string;
  /** Also which of them cannot be told apart from this one. */
  apart?: true;
}

/** What goes into PostgreSQL behind the rollout's back: each call may be repeated and is retried until it lands. */
export function createRecordActivities({
  store,
  provider,
  kickNotifications,
}: Pick<ActivityParts, 'store' | 'provider' | 'kickNotifications'>) {
  return {
    async record(request: RecordRequest): Promise<void> {
      await store.record(request);
      if (request.notifications.length > 0) kickNotifications();
    },

    /** Nothing is owed where the rollout is not known (any more). */
    afterword: (request: Afterword): Promise<void> => store.afterword(request),

    async releaseFlag({ provider: name, environment, key, rolloutId }: FlagOf): Promise<void> {
      await provider(name).release({ environment, key }, rolloutId);
    },

    /**
     * Active rollouts of the same service and environment that were submitted before this one, so that two never wait for each
     * other. Those that only watch move nothing that one could wait for.
     */
    async findPeers({
      service,
      rolloutId,
      apart,
    }: PeersRequest): Promise<string[] | { older: string[]; mixed: string[] }> {
      const active = await store.list({ service, phases: ['submitted', 'active', 'reverting'] });
      const own = active.find(({ id }) => id === rolloutId);
      const peers = active.filter(
        ({ id, submittedAt, environment, plan }) =>
          id !== rolloutId &&
          (plan as Partial<Plan>).mode !== 'observe' &&
          environment === own?.environment &&
          (submittedAt < own.submittedAt || (submittedAt === own.submittedAt && id < rolloutId)),
      );
      const older = peers.map(({ id }) => id);
      if (apart !== true || own === undefined) return older;
      const mixed = peers.filter(({ plan }) => mixes(own.plan as Plan, plan as Plan)).map(({ id }) => id);
      return { older, mixed };
    },

    savePlan: (revision: AmendedPlan): Promise<void> => store.amend(revision),
  };
}
