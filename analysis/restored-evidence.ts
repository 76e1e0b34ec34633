import type { Evidence, MetricEvidence, SliceEvidence } from './evidence.ts';
import type { Process } from './process.ts';

/**
 * Evidence that was written as JSON; null where it is none, or of a version that cannot be read. Version 4 knew one rule only:
 * its stages share the evidence evenly, and those that follow do so too.
 */
export function restoreEvidence(value: unknown): Evidence | null {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('metrics' in value))
    return null;
  if (value.version === 5) return value as Evidence;
  return value.version === 4 ? fromFour(value as unknown as Four) : null;
}

type Of4<T> = T extends { process: Process } ? Omit<T, 'process'> & { process: Process4 } : never;

/** `started`: the weight of all components that ever started. */
type Process4 = Omit<Process, 'purse' | 'stakes' | 'rule'> & { started: number };

type Four = Omit<Evidence, 'version' | 'metrics' | 'slices'> & {
  metrics: Readonly<Record<string, Of4<MetricEvidence>>>;
  slices: Readonly<
    Record<
      string,
      Omit<SliceEvidence, 'metrics'> & { metrics: Readonly<Record<string, Of4<MetricEvidence>>> }
    >
  >;
};

function fromFour(evidence: Four): Evidence {
  const slices = Object.entries(evidence.slices).map(
    ([slice, part]) => [slice, { ...part, metrics: metricsOf(part.metrics) }] as const,
  );
  return {
    ...evidence,
    version: 5,
    metrics: metricsOf(evidence.metrics),
    slices: Object.fromEntries(slices) as Evidence['slices'],
  };
}

function metricsOf(
  metrics: Readonly<Record<string, Of4<MetricEvidence>>>,
): Readonly<Record<string, MetricEvidence>> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, known]) => {
      const { started, ...process } = known.process;
      const restored: Process = { ...process, purse: 1 - started, stakes: {}, rule: 'even' };
      return [name, { ...known, process: restored }];
    }),
  );
}
