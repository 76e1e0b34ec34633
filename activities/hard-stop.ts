import { Context } from '@temporalio/activity';
import { inTime } from '../flags/deadline.ts';
import type { FlagReading } from '../flags/provider.ts';
import { withinExposure } from '../plans/exposure.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateReport } from '../rollout/event.ts';
import { GATE_AUTHOR } from '../rollout/flag.ts';
import { partings } from '../rollout/severing.ts';
import type { ActivityParts } from './parts.ts';

/** How long the workflow has to answer a hard stop, and then to lower the flag, in milliseconds. */
export const TELL_WITHIN = 1_500;
const LOWER_WITHIN = 2_000;
const LOOK_EVERY = 50;
/** A platform counts the requests of its callers. */
const LOOK_AT_PLATFORM_EVERY = 250;

/** False for a plan that only watches: nobody has to lower its flag. */
export function isHardStop(request: GateRequest, { assessment }: GateReport): boolean {
  const { plan } = request;
  if (plan.mode === 'observe') return false;
  if (assessment.limits.some(({ fired, action }) => fired && action === 'rollback')) return true;
  if (plan.policy.hard !== 'rollback') return false;
  return assessment.verdict === 'hard' || partings(request, assessment.severed ?? []).whole !== null;
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
  const { safe } = request;
  const told = await isTold(parts, request, { what: 'hard stop', workflowId, report });
  if (told && (await becomes(parts, request, ({ exposure }) => withinExposure(exposure, safe))))
    return report;
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
      author: GATE_AUTHOR,
      reason: `hard stop while the workflow did not answer: ${report.assessment.reason}`,
    });
    log.warn({ rollout: request.rolloutId, result: result.kind }, 'the gate has lowered the flag');
  });
  return { ...report, reverted: true };
}

/** True when Temporal has taken what the workflow is to do. */
export function isTold(
  parts: ActivityParts,
  { rolloutId, id: gate }: GateRequest,
  { what, workflowId, report }: { what: string; workflowId: string; report: GateReport },
): Promise<boolean> {
  return inTime(TELL_WITHIN, () => parts.tellStop(rolloutId, workflowId, { what, gate, report }));
}

/** True once the flag reads as wanted, within the time that the workflow has for it. */
export async function becomes(
  parts: ActivityParts,
  { plan }: GateRequest,
  isWanted: (reading: FlagReading) => boolean,
): Promise<boolean> {
  const end = Date.now() + LOWER_WITHIN;
  while (Date.now() < end) {
    try {
      const reading = await parts
        .provider(plan.flag.provider)
        .read({ environment: plan.environment, key: plan.flag.key });
      if (reading !== null && isWanted(reading)) return true;
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
