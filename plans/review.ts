import type { Path } from './document.ts';
import type { Plan } from './plan.ts';
import { reviewAllow } from './review/allow.ts';
import type { Note, Review } from './review/context.ts';
import { reviewCoverage } from './review/coverage.ts';
import { reviewFlag } from './review/flag.ts';
import { leaseRisks, reviewLease } from './review/lease.ts';
import { reviewMetrics } from './review/metrics.ts';
import { reviewMigration } from './review/migration.ts';
import { observeRisks, reviewObserve } from './review/observe.ts';
import { reviewLimits, reviewPeople, reviewTimes, reviewWindows } from './review/policy.ts';
import { reviewQueries } from './review/queries.ts';
import { reviewRisks } from './review/risks.ts';
import { reviewShared } from './review/shared.ts';
import { reviewStages } from './review/stages.ts';

/**
 * What the schema alone cannot see: conditions between fields, PromQL, and defaults that are a risk. Nothing is said of
 * places that are `wrong` already; of risks only when nothing is wrong at all.
 */
export function reviewPlan(plan: Plan, wrong: (path: Path) => boolean): Note[] {
  const notes: Note[] = [];
  const add =
    (severity: Note['severity']): Review['error'] =>
    (path, { rule, message, instead, key = false, inside }) => {
      notes.push({ severity, rule, path, message, instead, key, inside: inside ?? null });
    };
  const review: Review = { plan, sound: (path) => !wrong(path), error: add('error') };
  reviewObserve(review);
  reviewFlag(review);
  reviewMetrics(review);
  reviewQueries(review);
  reviewLimits(review);
  reviewStages(review);
  reviewCoverage(review);
  reviewTimes(review);
  reviewWindows(review);
  reviewPeople(review);
  reviewLease(review);
  reviewMigration(review);
  reviewAllow(review);
  reviewShared(review);
  if (notes.length > 0) return notes;
  reviewRisks(plan, add('warning'));
  leaseRisks(plan, add('warning'));
  observeRisks(plan, add('warning'));
  return notes;
}
