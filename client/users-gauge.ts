import { Gauge, type Registry } from 'prom-client';
import { type Cohort, cohortLabels } from './cohort.ts';
import { DistinctCounter } from './distinct.ts';
import { COHORT_LABELS } from './metric-names.ts';

interface Known {
  cohort: Cohort;
  users: DistinctCounter;
}

export interface UsersGaugeOptions {
  registry: Registry;
  prefix: string;
  service: string;
  /** Cohorts counted at once; users of further ones are not counted. */
  limit: number;
}

/** `<prefix>_users{service,flag,variant,audience}`: distinct users per cohort since the flag's definition last changed. */
export class UsersGauge {
  readonly #known = new Map<string, Known>();
  readonly #limit: number;

  constructor({ registry, prefix, service, limit }: UsersGaugeOptions) {
    this.#limit = limit;
    const known = this.#known;
    new Gauge({
      name: `${prefix}_users`,
      help: "Distinct users per cohort since the flag's definition last changed.",
      labelNames: [...COHORT_LABELS],
      registers: [registry],
      collect() {
        this.reset();
        for (const { cohort, users } of known.values()) this.set({ service, ...cohort }, users.size);
      },
    });
  }

  seen(cohort: Cohort, user: string): void {
    const key = `${cohort.flag}\n${cohort.variant}\n${cohort.audience}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      if (this.#known.size >= this.#limit) return;
      known = { cohort: cohortLabels(cohort), users: new DistinctCounter() };
      this.#known.set(key, known);
    }
    known.users.add(user);
  }

  forget(flag: string): void {
    for (const { cohort, users } of this.#known.values()) if (cohort.flag === flag) users.clear();
  }
}
