import { Context } from '@temporalio/activity';
import { withinExposure } from '../plans/exposure.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateReport } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';

/** How long the workflow has to answer a hard stop, and then to lower the flag, in milliseconds. */
const TELL_WITHIN = 1_500;
const LOWER_WITHIN = 2_000;
const LOOK_EVERY = 50;
/** A platform counts the requests of its callers. */
const LOOK_AT_PLATFORM_EVERY = 250;

/** False for a plan that only watches: nobody has to lower its flag. */
export function isHardStop({ plan }: GateRequest, { assessment }: GateReport): boolean {
  if (plan.mode === 'observe') return false;
  if (assessment.limits.some(({ fired, action }) => fired && action === 'rollback')) return true;
  return assessment.verdict === 'hard' && plan.policy.hard === 'rollback';
}

/**
 * A hard stop must reach the flag although Temporal may be down or its workers stuck. The workflow is told first;
 * when the flag does not read back as lowered within seconds, the gate lowers it itself. Both writes lower, so
 * that either order and both together end at the same exposure.
 */
export async function escalate(
  parts: ActivityParts,
  request: GateRequest,
  report: GateReport,
  workflowId: string,
): Promise<GateReport> {
  const { log } = parts;
  const told = await within(
    TELL_WITHIN,
    parts.tellHardStop(request.rolloutId, workflowId, { gate: request.id, report }),
  );
  if (told && (await lowered(parts, request))) return report;
  log.warn(
    { rollout: request.rolloutId, told },
    'the hard stop was not carried out in time: the gate lowers the flag itself',
  );
  const { plan } = request;
  await insist(async () => {
    const result = await parts.provider(plan.flag.provider).write({
      environment: plan.environment,
      key: plan.flag.key,
      rolloutId: request.rolloutId,
      epoch: request.expected.epoch,
      exposure: request.safe,
      direction: 'lower',
      final: true,
      expectedRevision: null,
      author: 'tidegate (gate)',
      reason: `hard stop while the workflow did not answer: ${report.assessment.reason}`,
    });
    log.warn({ rollout: request.rolloutId, result: result.kind }, 'the gate has lowered the flag');
  });
  return { ...report, reverted: true };
}

async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function lowered(parts: ActivityParts, request: GateRequest): Promise<boolean> {
  const { plan, safe } = request;
  const end = Date.now() + LOWER_WITHIN;
  while (Date.now() < end) {
    try {
      const reading = await parts
        .provider(plan.flag.provider)
        .read({ environment: plan.environment, key: plan.flag.key });
      if (reading !== null && withinExposure(reading.exposure, safe)) return true;
    } catch {
      return false;
    }
    const own = plan.flag.provider === 'embedded';
    await Context.current().sleep(own ? LOOK_EVERY : LOOK_AT_PLATFORM_EVERY);
  }
  return false;
}

/** Tries until it works or the gate is cancelled, which happens only once the workflow has lowered the flag. */
async function insist(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await Context.current().sleep(250);
    }
  }
}
