import type { Plan } from '../plans/plan.ts';
import type { Evidence, MetricEvidence, SliceEvidence } from './evidence.ts';
import type { Process } from './process-state.ts';

/**
 * Evidence that was written as JSON; null where it is none, or of a version that cannot be read. Version 4 knew one rule only:
 * its stages share the evidence evenly, and those that follow do so too. Until version 5 a stage's ruler went by its index, and until
 * version 6 the stage itself: they get the name that `plan` has there, which is to be the plan that it was written by.
 */
export function restoreEvidence(value: unknown, plan: Plan): Evidence | null {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('metrics' in value))
    return null;
  const written = value as unknown as Written;
  switch (value.version) {
    case 7:
      return value as Evidence;
    case 6:
      return fromSix(written, plan);
    case 5:
      return fromSix(fromFive(written, plan), plan);
    case 4:
      return fromSix(fromFive(fromFour(written), plan), plan);
    default:
      return null;
  }
}

/** Of a version before: its stage, its rulers and stakes are by index. */
type Written = Omit<Evidence, 'version' | 'stage'> & { stage: number };

function fromSix(evidence: Written, plan: Plan): Evidence {
  return { ...evidence, version: 7, stage: plan.stages[evidence.stage]?.name ?? null };
}

function fromFive(evidence: Written, plan: Plan): Written {
  const named = (by: Readonly<Record<string, number>>) =>
    Object.fromEntries(
      Object.entries(by).map(([index, of]) => [plan.stages[Number(index)]?.name ?? index, of] as const),
    );
  return withProcesses(evidence, (process) => ({
    ...process,
    stages: named(process.stages),
    stakes: named(process.stakes),
  }));
}

/** `started`: the weight of all components that ever started. */
function fromFour(evidence: Written): Written {
  return withProcesses(evidence, (known) => {
    const { started, ...process } = known as unknown as Omit<Process, 'purse'> & { started: number };
    return { ...process, purse: 1 - started, stakes: {}, rule: 'even' };
  });
}

function withProcesses(evidence: Written, change: (process: Process) => Process): Written {
  const metricsOf = <T extends MetricEvidence>(metrics: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(metrics).map(
        ([name, known]) => [name, { ...known, process: change(known.process) }] as const,
      ),
    );
  const slices = Object.entries(evidence.slices).map(([slice, part]): [string, SliceEvidence] => [
    slice,
    { ...part, metrics: metricsOf(part.metrics) },
  ]);
  return {
    ...evidence,
    metrics: metricsOf(evidence.metrics),
    ...(evidence.aside === undefined ? {} : { aside: metricsOf(evidence.aside) }),
    slices: Object.fromEntries(slices),
  };
}
