import type { MetricEvidence } from '../analysis/evidence.ts';
import { assess, enterStage, observe, openEvidence } from '../analysis/gate.ts';
import { restoreEvidence } from '../analysis/restored-evidence.ts';
import type { GateContext } from '../analysis/stage.ts';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Reading } from '../plans/sample.ts';
import { partName } from '../plans/slices.ts';
import type { GateRequest } from './command.ts';
import { assessUnused, observeUnused } from './decommission.ts';
import type { GateMemory } from './event.ts';

/** The memory with which a gate begins: what the last one handed over, in this stage. */
export function beginGate(request: GateRequest): GateMemory {
  const { plan, stage, stageSince } = request;
  const memory = usableMemory(request.memory, plan);
  if (memory !== null && memory.since === stageSince) return memory;
  const evidence = enterStage(memory?.evidence ?? openEvidence(plan), plan, stage);
  const learnt = memory?.learnt === undefined ? {} : { learnt: memory.learnt };
  return { evidence, ...learnt, since: stageSince, cursor: firstWindow(request), cleanSince: null };
}

/** A memory with its evidence in this version; what cannot be read begins anew with the stage. */
export function usableMemory(memory: GateMemory | null | undefined, plan: Plan): GateMemory | null {
  const evidence = memory == null ? null : restoreEvidence(memory.evidence, plan);
  return memory == null || evidence === null ? null : { ...memory, evidence };
}

/**
 * Windows end at multiples of the poll step, so that gates ask for the same timestamps and share queries. The
 * first one begins after the stage's exposure was in force: what the flag moved by then is not mixed in.
 */
function firstWindow({ plan, stageSince }: GateRequest): number {
  const { poll } = plan.source;
  return Math.ceil(stageSince / 1000 / poll) * poll;
}

/** One window added: `to` is its end, Unix seconds. */
export function observeWindow(
  memory: GateMemory,
  request: GateRequest,
  { reading, to }: { reading: Reading; to: number },
): GateMemory {
  const evidence = observe(memory.evidence, request.plan, reading, situation(memory, request));
  return observeUnused({ ...memory, evidence, cursor: to }, request, { reading, to });
}

/** The bucket edges that each latency is tested on, or will be, by its name: those of the whole and of all slices. */
export function edgesUnderTest({
  evidence,
  learnt,
}: GateMemory): Readonly<Record<string, readonly number[]>> {
  const chosen = new Map<string, readonly number[]>();
  const choose = (name: string, known: MetricEvidence) => {
    if (known.kind === 'latency' && known.edges !== null) chosen.set(name, known.edges);
  };
  for (const [name, known] of Object.entries(evidence.metrics)) choose(name, known);
  for (const [slice, { metrics }] of Object.entries(evidence.slices))
    for (const [metric, known] of Object.entries(metrics)) choose(partName({ metric, slice }), known);
  const edges: Record<string, number[]> = {};
  for (const [name, of] of Object.entries({ ...learnt?.edges, ...Object.fromEntries(chosen) })) {
    // `p95{tier=enterprise}` is read from the histogram of `p95`.
    const metric = name.replace(/\{.*\}$/, '');
    edges[metric] = [...new Set([...(edges[metric] ?? []), ...of])];
  }
  return edges;
}

/** The verdict on what was seen so far. `brief` leaves out what only people read. */
export function assessGate(memory: GateMemory, request: GateRequest, brief = false): Assessment {
  return assessUnused(
    assess(memory.evidence, request.plan, { ...situation(memory, request), brief }),
    memory,
    request,
  );
}

/** The verdict with what a reader must know of the window that it was reached on, such as a process that was left out. */
export function noted(assessment: Assessment, reading: Reading): Assessment {
  const notes = reading.kind === 'sample' ? (reading.notes ?? []) : [];
  const warnings = [...new Set([...assessment.warnings, ...notes])];
  return notes.length === 0 ? assessment : { ...assessment, warnings };
}

function situation({ learnt }: GateMemory, { stage, acceptances }: GateRequest): GateContext {
  return { stageIndex: stage, acceptances, ...learnt };
}
