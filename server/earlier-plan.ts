import type { Plan } from '../plans/plan.ts';
import { tenantQuestions } from '../plans/tenant-answers.ts';
import type { RolloutRow } from '../store/store.ts';
import type { ServerDeps } from './deps.ts';
import { planOf } from './live.ts';
import { planFromText } from './plan-text.ts';

/** The last plan of a rollout. Stored plans lack what later versions have defaults for: the same text is no change. */
export function earlierPlan(deps: ServerDeps, row: RolloutRow): Plan {
  const stored = planOf(row);
  try {
    const { plan } = planFromText(deps, { text: row.text, file: row.id });
    if (tenantQuestions(plan).length > 0) return stored;
    const { build } = stored.metadata;
    // An amended plan need not name the build that was named before.
    return build === undefined ? plan : { ...plan, metadata: { ...plan.metadata, build } };
  } catch {
    return stored;
  }
}
