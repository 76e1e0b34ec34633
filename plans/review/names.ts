import type { Path } from '../document.ts';
import { nearest } from '../nearest.ts';
import type { Review } from './context.ts';

/** Names in a list of the plan that stand there already. */
export function nameTwice({ error, sound }: Review, list: string, items: readonly { name: string }[]): void {
  items.forEach(({ name }, index) => {
    if (!sound([list, index, 'name'])) return;
    const first = items.findIndex((item, other) => item.name === name && sound([list, other, 'name']));
    if (first === index) return;
    const message = `"${name}" is the name of ${list}[${first}] already`;
    error([list, index, 'name'], { rule: 'PLAN-NAME-TWICE', message, instead: 'a name of its own' });
  });
}

/** Says that a metric is not one of the plan's; nothing while the name of one of them is wrong itself. */
export function unknownMetric(
  { plan, error, sound }: Review,
  path: Path,
  used: { name: string; key: boolean },
): void {
  const names = plan.metrics.map(({ name }) => name);
  if (names.includes(used.name) || plan.metrics.some((_, index) => !sound(['metrics', index, 'name'])))
    return;
  const near = nearest(used.name, names);
  const instead = near === null ? `one of ${names.join(', ')}` : `did you mean ${near}?`;
  error(path, {
    rule: 'PLAN-UNKNOWN-METRIC',
    message: `there is no metric "${used.name}"`,
    instead,
    key: used.key,
  });
}
