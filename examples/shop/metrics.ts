import { Counter, type Registry } from 'prom-client';
import { type Cohort, cohortLabels } from '../../client/cohort.ts';

export const SERVICE = 'shop';

/** The shop's own counters beside those that every application has per cohort. */
export class ShopMetrics {
  readonly #visits: Counter;
  readonly #orders: Counter;
  readonly #legacy: Counter;
  readonly #passed: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    const labelNames = ['service', 'flag', 'variant', 'audience'];
    this.#visits = new Counter({
      name: 'shop_visits_total',
      help: 'Pages asked for.',
      labelNames,
      registers,
    });
    this.#orders = new Counter({ name: 'shop_orders_total', help: 'Orders placed.', labelNames, registers });
    this.#passed = new Counter({
      name: 'shop_tenant_requests_total',
      help: 'Passages of a choke point, by tenant.',
      labelNames: [...labelNames, 'tenant', 'outcome'],
      registers,
    });
    this.#legacy = new Counter({
      name: 'legacy_calls_total',
      help: 'Calls of the old path, by the flag that chose it.',
      labelNames: ['service', 'flag'],
      registers,
    });
  }

  /** By the company that the user works for, which the metrics of the client do not tell. */
  passed(cohort: Cohort, { tenant, failed }: { tenant: string; failed: boolean }): void {
    const outcome = failed ? 'error' : 'ok';
    this.#passed.inc({ service: SERVICE, ...cohortLabels(cohort), tenant, outcome });
  }

  /** Counted when a page is asked for, so that orders never outnumber visits. */
  visit(cohort: Cohort): void {
    this.#visits.inc({ service: SERVICE, ...cohortLabels(cohort) });
  }

  order(cohort: Cohort): void {
    this.#orders.inc({ service: SERVICE, ...cohortLabels(cohort) });
  }

  legacy(flag: string): void {
    this.#legacy.inc({ service: SERVICE, flag });
  }
}
