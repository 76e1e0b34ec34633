import { FAILURES, Failure, isFailure } from '../plans/failures.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import type { ServerDeps } from './deps.ts';
import { rolloutRow, viewOf } from './live.ts';

/** A refusal because of how a rollout is, together with how it is. */
export class Conflict extends Failure {
  readonly current: RolloutView;

  constructor(failure: Failure, current: RolloutView) {
    const { where, details } = failure;
    super(failure.code, failure.message, {
      details,
      cause: failure,
      ...(where === undefined ? {} : { where }),
    });
    this.current = current;
  }
}

/** What `work` gives; where it is refused because of how the rollout is, the refusal shows that. */
export async function withCurrent<T>(
  deps: Pick<ServerDeps, 'rollouts' | 'engine' | 'logger'>,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isFailure(error) || FAILURES[error.code].status !== 409) throw error;
    throw new Conflict(error, await currentView(deps, id));
  }
}

/** The workflow may know more than it has stored. */
async function currentView(
  deps: Pick<ServerDeps, 'rollouts' | 'engine' | 'logger'>,
  id: string,
): Promise<RolloutView> {
  const stored = viewOf(await rolloutRow(deps, id));
  if (ENDED.includes(stored.phase)) return stored;
  try {
    const known = await deps.engine.view(id);
    return known.seq > stored.seq ? known : stored;
  } catch (error) {
    deps.logger.debug({ err: error, rollout: id }, 'the workflow was not asked what it knows');
    return stored;
  }
}
