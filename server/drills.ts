import { randomUUID } from 'node:crypto';
import { type Breakage, SMALL_SHARE, touchedShare, USUAL_PERCENT, usualPercent } from '../plans/drill.ts';
import { isNobody } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { RolloutView } from '../plans/view.ts';
import type { DrillReply } from './api/drills.ts';
import type { Actor } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';

export interface DrillWish {
  actor: Actor;
  reason: string | null;
  breakage: Omit<Breakage, 'percent'> & { percent: number | undefined };
  /** Seconds. */
  within: number;
}

/**
 * Begins a drill: the rollout first, so that it knows what it is about to see, then the flag. The flag's own end stands beside its
 * definition from the first moment, so that no end depends on whoever began it. Where the flag cannot be broken nothing stays begun.
 */
export async function beginDrill(
  deps: ServerDeps,
  rolloutId: string,
  { actor, reason, breakage, within }: DrillWish,
): Promise<DrillReply> {
  const before = await deps.engine.view(rolloutId);
  const order = {
    id: `drill-${randomUUID()}`,
    reason,
    begins: { breakage: { ...breakage, percent: shareOf(before, breakage.percent) }, within },
  };
  const { view } = await deps.engine.drill(rolloutId, { ...order, actor });
  const target = { environment: view.environment, key: view.flag };
  try {
    const drill = { id: order.id, ...order.begins.breakage, until: deps.now() + within * 1000 };
    deps.flagService.accept(await deps.drills.breakFlag(target, rolloutId, drill));
  } catch (error) {
    const because = { id: order.id, reason: 'the flag could not be broken', begins: null, actor };
    await deps.engine
      .drill(rolloutId, because)
      .catch((left: unknown) => deps.logger.error({ err: left, rollout: rolloutId }, 'a drill goes on'));
    throw error;
  }
  return replyOf(view);
}

/** Mends the flag, and then tells the rollout; a rollout that cannot be told ends its drill by itself. */
export async function endDrill(
  deps: ServerDeps,
  rolloutId: string,
  { actor, reason }: { actor: Actor; reason: string | null },
): Promise<DrillReply> {
  const { drill, environment, flag } = await deps.engine.view(rolloutId);
  if (drill === undefined) throw new Failure('NOT_WAITING', `${rolloutId} has had no drill.`);
  deps.flagService.accept(await deps.drills.mendFlag({ environment, key: flag }, drill.id));
  const { view } = await deps.engine.drill(rolloutId, { id: drill.id, reason, begins: null, actor });
  return replyOf(view);
}

function shareOf({ id, exposure }: RolloutView, wanted: number | undefined): number {
  if (wanted !== undefined) return wanted;
  // Who has no canary yet is told so by the rollout itself.
  const usual = isNobody(exposure) ? USUAL_PERCENT : usualPercent(exposure);
  if (usual !== null) return usual;
  const touched = touchedShare(exposure, USUAL_PERCENT);
  throw new Failure(
    'DRILL_REFUSED',
    `${id}: ${USUAL_PERCENT} % of the canary's users are ${touched} % of everybody, more than ${SMALL_SHARE} %.`,
    { details: [`say the share of the canary's users: --percent 1 touches ${exposure.percent / 100} %`] },
  );
}

function replyOf(view: RolloutView): DrillReply {
  if (view.drill === undefined) throw new Failure('INTERNAL', `${view.id} does not show its drill.`);
  return { id: view.drill.id, rollout: view.id, drill: view.drill, view };
}
