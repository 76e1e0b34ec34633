import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import { TOLD } from '../plans/names.ts';
import { planInStage } from '../plans/shadow.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { FlagSight, GateMemory, GateReport } from '../rollout/event.ts';
import { flagShape } from '../rollout/flag.ts';
import { overdue, reportKey } from '../rollout/report.ts';
import { withOwnExclusion } from '../rollout/severing.ts';
import { assessGate, edgesUnderTest, noted, observeWindow, usableMemory } from '../rollout/watching.ts';
import { handedOver } from './catch-up.ts';
import { escalate, isHardStop } from './hard-stop.ts';
import { openLine } from './line.ts';
import { sightOfOthers } from './look-at-flag.ts';
import { outlasting } from './outlasting.ts';
import type { ActivityParts } from './parts.ts';
import { createHistoryReader } from './read-history.ts';
import { withReferences } from './read-references.ts';
import { createSampleWriter } from './sample-writer.ts';
import { takeOffAlone } from './take-off.ts';
import { isCurrent, sightOf, tendLease } from './tend-lease.ts';

/** Between two signs of life, in milliseconds; the workflow gives up on a worker after ten seconds. */
const HEARTBEAT = 2_000;

/**
 * The gate: reads each window once it is complete, adds it to the evidence, and returns when there is something
 * to decide and somebody to hear it. It only reads, except at a hard stop or an exclusion that nobody carries out (see
 * `escalate`, `takeOffAlone`). All that it knows travels in its heartbeats, so another worker goes on from the last one and reads the windows after it again. It
 * outlasts Temporal (see `outlasting`).
 */
export function createGateActivity(parts: ActivityParts) {
  const samples = createSampleWriter(parts);
  const history = createHistoryReader(parts, samples);
  return {
    async watchGate(request: GateRequest): Promise<GateReport> {
      const context = Context.current();
      const line = openLine(parts);
      const beaten = activityInfo().heartbeatDetails as GateMemory | undefined;
      let memory = usableMemory(beaten, request.plan);
      const life = outlasting(context, { parts, rolloutId: request.rolloutId, line });
      const beat = setInterval(() => {
        if (!life.isAlone) heartbeat(memory ?? undefined);
      }, HEARTBEAT);
      try {
        memory ??= await handedOver(parts.source(request.plan.source.prometheus), request);
        for (;;) {
          const to = memory.cursor + request.plan.source.poll;
          const source = parts.source(request.plan.source.prometheus);
          await life.wait((to + source.settle) * 1000 - Date.now());
          if (memory.learnt === undefined) memory = await history.learn(memory, request);
          const reading = await source.read({
            plan: planInStage(request.plan, request.stage),
            stage: stageName(request),
            from: memory.cursor,
            to,
            origin: request.origin / 1000,
            edges: edgesUnderTest(memory),
          });
          const observed = observeWindow(memory, request, { reading, to });
          const next = await withReferences(parts, request, observed);
          const assessment = noted(assessGate(next, request), reading);
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
          if (!life.isAlone) heartbeat(memory);
          const flag = await look(parts, request);
          await tendLease(parts, withOwnExclusion(request, { flag, assessment }), {
            assessment,
            flag,
            current: isCurrent(reading, { complete: to + source.settle, poll: request.plan.source.poll }),
            now: Date.now(),
          });
          const report: GateReport = {
            assessment,
            memory,
            queries: reading.queries,
            flag,
            overdue: overdue(request.plan, request.stage, assessment, to - request.stageSince / 1000),
            reverted: false,
          };
          if (reportKey(report, request.expected) === request.key) continue;
          const workflowId = activityInfo().workflowExecution?.workflowId ?? '';
          if (isHardStop(request, report)) return await escalate(parts, request, report, workflowId);
          const reached = await line.isUp();
          await takeOffAlone(parts, request, { report, workflowId, reached });
          // Nobody would hear it, and whatever comes after it would be seen by nobody: a hard stop, too.
          if (reached && !life.isAlone) return report;
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

/** How the flag reads now; null where it cannot be read, which is no drift, or where others tell of it. */
async function look(parts: ActivityParts, { plan }: GateRequest): Promise<FlagSight | null> {
  if (plan.flag.provider === TOLD) return null;
  try {
    if (plan.mode === 'observe')
      return await sightOfOthers(parts, {
        ...plan.flag,
        environment: plan.environment,
        shape: flagShape(plan),
      });
    const reading = await parts
      .provider(plan.flag.provider)
      .read({ environment: plan.environment, key: plan.flag.key });
    return reading === null ? null : sightOf(reading);
  } catch {
    return null;
  }
}
