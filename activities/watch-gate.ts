import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { restoreEvidence } from '../analysis/evidence.ts';
import { assess, enterStage, observe, openEvidence } from '../analysis/gate.ts';
import type { GateContext } from '../analysis/stage.ts';
import type { Assessment } from '../plans/assessment.ts';
import type { Reading } from '../plans/sample.ts';
import type { GateRequest } from '../rollout/command.ts';
import { assessUnused, observeUnused } from '../rollout/decommission.ts';
import type { FlagSight, GateMemory, GateReport } from '../rollout/event.ts';
import { overdue, reportKey } from '../rollout/report.ts';
import { escalate, isHardStop } from './hard-stop.ts';
import type { ActivityParts } from './parts.ts';
import { createHistoryReader } from './read-history.ts';
import { createSampleWriter } from './sample-writer.ts';

/** Between two signs of life, in milliseconds; the workflow gives up on a worker after ten seconds. */
const HEARTBEAT = 2_000;

/**
 * The gate: reads each window once it is complete, adds it to the evidence, and returns when there is something
 * to decide. It only reads, except at a hard stop that nobody carries out (see `escalate`). All that it knows
 * travels in its heartbeats, so another worker goes on from the last one and reads the windows after it again.
 */
export function createGateActivity(parts: ActivityParts) {
  const samples = createSampleWriter(parts);
  const history = createHistoryReader(parts, samples);
  return {
    async watchGate(request: GateRequest): Promise<GateReport> {
      const context = Context.current();
      const beaten = activityInfo().heartbeatDetails as GateMemory | undefined;
      let memory = usable(beaten) ?? begin(request);
      const beat = setInterval(() => heartbeat(memory), HEARTBEAT);
      try {
        for (;;) {
          const to = memory.cursor + request.plan.source.poll;
          const source = parts.source(request.plan.source.prometheus);
          const wait = (to + source.settle) * 1000 - Date.now();
          if (wait > 0) await context.sleep(wait);
          if (memory.learnt === undefined) memory = await history.learn(memory, request);
          const reading = await source.read({
            plan: request.plan,
            stage: stageName(request),
            from: memory.cursor,
            to,
            origin: request.origin / 1000,
          });
          const next = advance(memory, request, reading, to);
          const assessment = judge(next, request);
          // The sample first: another worker reads again only the windows after the memory that it is handed.
          await samples.save({
            rolloutId: request.rolloutId,
            stage: stageName(request),
            t: assessment.t,
            at: to * 1000,
            sample: reading.kind === 'sample' ? reading.sample : null,
            assessment,
          });
          memory = next;
          heartbeat(memory);
          const report: GateReport = {
            assessment,
            memory,
            queries: reading.queries,
            flag: await look(parts, request),
            overdue: overdue(request.plan, request.stage, assessment, to - request.stageSince / 1000),
            reverted: false,
          };
          if (reportKey(report, request.expected) === request.key) continue;
          if (!isHardStop(request, report)) return report;
          return await escalate(parts, request, report, activityInfo().workflowExecution?.workflowId ?? '');
        }
      } finally {
        clearInterval(beat);
        await samples.flush();
      }
    },
  };
}

function stageName(request: GateRequest): string {
  return request.plan.stages[request.stage]?.name ?? '';
}

/** The memory with which a gate begins: what the last one handed over, in this stage. */
function begin(request: GateRequest): GateMemory {
  const { plan, stage, stageSince } = request;
  const memory = usable(request.memory);
  if (memory !== null && memory.since === stageSince) return memory;
  const evidence = enterStage(memory?.evidence ?? openEvidence(plan), plan, stage);
  const learnt = memory?.learnt === undefined ? {} : { learnt: memory.learnt };
  return { evidence, ...learnt, since: stageSince, cursor: firstWindow(request), cleanSince: null };
}

/** A memory whose evidence is of this version; another's begins anew with the stage. */
function usable(memory: GateMemory | null | undefined): GateMemory | null {
  return memory == null || restoreEvidence(memory.evidence) === null ? null : memory;
}

/**
 * Windows end at multiples of the poll step, so that gates ask for the same timestamps and share queries. The
 * first one begins after the stage's exposure was in force: what the flag moved by then is not mixed in.
 */
function firstWindow({ plan, stageSince }: GateRequest): number {
  const { poll } = plan.source;
  return Math.ceil(stageSince / 1000 / poll) * poll;
}

function advance(memory: GateMemory, request: GateRequest, reading: Reading, to: number): GateMemory {
  const evidence = observe(memory.evidence, request.plan, reading, situation(memory, request));
  return observeUnused({ ...memory, evidence, cursor: to }, request.plan, request.stage, reading, to);
}

function judge(memory: GateMemory, request: GateRequest): Assessment {
  return assessUnused(
    assess(memory.evidence, request.plan, situation(memory, request)),
    memory,
    request.plan,
    request.stage,
  );
}

function situation({ learnt }: GateMemory, { stage, acceptances }: GateRequest): GateContext {
  return { stageIndex: stage, acceptances, ...learnt };
}

/** How the flag reads now; null where it cannot be read, which is no drift. */
async function look(parts: ActivityParts, { plan }: GateRequest): Promise<FlagSight | null> {
  try {
    const reading = await parts
      .provider(plan.flag.provider)
      .read({ environment: plan.environment, key: plan.flag.key });
    return reading === null
      ? null
      : { revision: reading.revision, exposure: reading.exposure, latch: reading.latch };
  } catch {
    return null;
  }
}
