import { Failure } from '../plans/failures.ts';
import { createPrometheusSource, type PrometheusSource } from './prometheus.ts';
import type { PrometheusSourceConfig } from './prometheus-config.ts';

/** The metric sources of `tidegate.yaml` by name. */
export interface MetricSources {
  /** @throws Failure CONFIG_INVALID when no source has this name, or its TLS files cannot be read */
  get(name: string): PrometheusSource;
  readonly names: readonly string[];
  /** Those that were asked for so far, with their names. */
  used(): [name: string, source: PrometheusSource][];
  /** Closes the connections of all sources that were used. */
  close(): void;
}

/** One source per name, made when it is first asked for and then shared, so that gates share its queries. */
export function createSources(configs: Readonly<Record<string, PrometheusSourceConfig>>): MetricSources {
  const made = new Map<string, PrometheusSource>();
  const names = Object.keys(configs).sort();
  return {
    names,
    get(name) {
      const known = made.get(name);
      if (known !== undefined) return known;
      const config = Object.hasOwn(configs, name) ? configs[name] : undefined;
      if (config === undefined) {
        const others = names.length === 0 ? 'none is defined' : `defined: ${names.join(', ')}`;
        throw new Failure('CONFIG_INVALID', `there is no metric source "${name}" (${others})`, {
          where: `sources.${name}`,
        });
      }
      const source = createPrometheusSource(config);
      made.set(name, source);
      return source;
    },
    used: () => [...made],
    close() {
      for (const source of made.values()) source.close();
    },
  };
}
