import type { Path } from './document.ts';
import type { Plan } from './plan.ts';
import { reviewAllow } from './review/allow.ts';
import { reviewBefore } from './review/before.ts';
import { reviewChecks } from './review/checks.ts';
import type { Note, Review } from './review/context.ts';
import { reviewCoverage } from './review/coverage.ts';
import { exclusionRisks, reviewExclusions } from './review/exclusions.ts';
import { reviewFlag } from './review/flag.ts';
import { leaseRisks, reviewLease } from './review/lease.ts';
import { reviewMetrics } from './review/metrics.ts';
import { reviewMigration } from './review/migration.ts';
import { observeRisks, reviewObserve } from './review/observe.ts';
import { reviewLimits, reviewPeople, reviewTimes } from './review/policy.ts';
import { reviewQueries } from './review/queries.ts';
import { reviewRequires } from './review/requires.ts';
import { reviewRisks } from './review/risks.ts';
import { reviewShadow, shadowRisks } from './review/shadow.ts';
import { reviewShared } from './review/shared.ts';
import { reviewStages } from './review/stages.ts';
import { reviewTenants, tenantRisks } from './review/tenants.ts';
import { reviewTiming } from './review/timing.ts';

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
  reviewShadow(review);
  reviewTenants(review);
  reviewCoverage(review);
  reviewExclusions(review);
  reviewChecks(review);
  reviewBefore(review);
  reviewTimes(review);
  reviewTiming(review);
  reviewPeople(review);
  reviewLease(review);
  reviewMigration(review);
  reviewAllow(review);
  reviewShared(review);
  reviewRequires(review);
  if (notes.length > 0) return notes;
  reviewRisks(plan, add('warning'));
  shadowRisks(plan, add('warning'));
  tenantRisks(plan, add('warning'));
  leaseRisks(plan, add('warning'));
  exclusionRisks(plan, add('warning'));
  observeRisks(plan, add('warning'));
  return notes;
}
