import { z } from 'zod';
import { Name, PromQL } from './names.ts';
import { Above, Duration } from './units.ts';

export const Limit = z.strictObject({
  name: Name.describe('How the journal and the messages call the limit.'),
  metric: Name.optional().describe('The metric whose value is limited. Exactly one of metric and expr.'),
  expr: PromQL.optional().describe('The expression whose value is limited. Exactly one of metric and expr.'),
  cohort: z.enum(['baseline', 'canary']).default('canary').describe('Whose value of the metric.'),
  above: Above.describe(
    'Fires above this: a rate, seconds, a value in its own unit, or a multiple of the baseline.',
  ),
  for: Duration.prefault('0s').describe('How long the value must stay above, within one stage.'),
  action: z.enum(['pause', 'rollback']).default('pause').describe('What happens then.'),
});
export type Limit = z.infer<typeof Limit>;

/** True for a limit that has no value, or nothing to hold it against, where nobody has the old path. */
export function needsBaseline({ cohort, above, expr }: Limit): boolean {
  return expr === undefined && (cohort === 'baseline' || above.kind === 'times-baseline');
}
