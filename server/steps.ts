import { Failure } from '../plans/failures.ts';
import { heldByReferences } from '../plans/flag/references.ts';
import type { RolloutView } from '../plans/view.ts';
import type { RolloutRow } from '../store/store.ts';
import type { Actor } from './auth/principal.ts';
import type { ServerDeps } from './deps.ts';
import { planOf } from './live.ts';

/**
 * Marks a step as done. One of kind `code` waits until no build reports that code names the flag.
 * @throws Failure STEP_UNKNOWN, STEP_HELD, NOT_WAITING
 */
export async function stepDone(
  deps: Pick<ServerDeps, 'engine' | 'references'>,
  row: RolloutRow,
  done: { step: string; reason: string | null; actor: Actor; requestId?: string },
): Promise<{ summary: string; view: RolloutView }> {
  const steps = row.view?.steps ?? [];
  const found = steps.find(({ name }) => name === done.step);
  if (found === undefined)
    throw new Failure('STEP_UNKNOWN', `${row.id} has no step ${done.step}.`, {
      details: [`steps: ${steps.map(({ name }) => name).join(', ') || 'none'}`],
    });
  if (found.done !== null)
    throw new Failure('NOT_WAITING', `The step ${done.step} was done by ${found.done.by} already.`);
  if (found.kind === 'code') {
    const rule = planOf(row).stages.at(-1)?.decommission?.references ?? 'reported';
    const since = row.view?.submittedAt ?? 0;
    const held = heldByReferences(await deps.references.reports(row.flag), { rule, since });
    if (held !== null) throw new Failure('STEP_HELD', `The step ${done.step} is not done: ${held}.`);
  }
  return deps.engine.stepDone(row.id, done);
}
