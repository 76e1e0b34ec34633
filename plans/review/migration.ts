import { nearest } from '../nearest.ts';
import type { Review } from './context.ts';

/** What compares the data of a migration is there. */
export function reviewMigration({ plan, error, sound }: Review): void {
  const parity = plan.migration?.parity;
  const path = ['migration', 'parity'];
  if (parity === undefined || !sound(path)) return;
  const names = [...plan.limits, ...plan.metrics].map(({ name }) => name);
  if (names.includes(parity) || !sound(['limits']) || !sound(['metrics'])) return;
  if ([...plan.limits.keys()].some((index) => !sound(['limits', index, 'name']))) return;
  if ([...plan.metrics.keys()].some((index) => !sound(['metrics', index, 'name']))) return;
  const near = nearest(parity, names);
  const instead = near === null ? `one of ${names.join(', ')}` : `did you mean ${near}?`;
  error(path, { rule: 'PLAN-MIGRATION', message: `there is no limit or metric "${parity}"`, instead });
}
