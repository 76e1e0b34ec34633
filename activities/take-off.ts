import { excluding } from '../plans/exclusion.ts';
import { sameExposure } from '../plans/exposure.ts';
import { stageLease } from '../plans/lease.ts';
import { canaryExposure } from '../plans/stages.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateReport } from '../rollout/event.ts';
import { GATE_AUTHOR } from '../rollout/flag.ts';
import { partings, withoutThem } from '../rollout/severing.ts';
import { becomes, isTold } from './hard-stop.ts';
import type { ActivityParts } from './parts.ts';

/**
 * A slice that got worse alone goes back although Temporal may be down or its workers stuck. The workflow is told first, where
 * `reached`; when the flag does not leave them out within seconds, the gate writes it itself, once: it watches on for the
 * rest, and tries again at its next poll. Only what is served right then is lowered.
 */
export async function takeOffAlone(
  parts: ActivityParts,
  request: GateRequest,
  { report, workflowId, reached }: { report: GateReport; workflowId: string; reached: boolean },
): Promise<void> {
  const { plan, rolloutId, stage, expected } = request;
  const { off } = partings(request, report.assessment.severed ?? []);
  if (plan.mode === 'observe' || off.length === 0) return;
  const told = reached && (await isTold(parts, request, { what: 'exclusion', workflowId, report }));
  const isOff = ({ exposure }: { exposure: typeof expected.exposure }) =>
    sameExposure(withoutThem(exposure, off), exposure);
  if (told && (await becomes(parts, request, isOff))) return;
  const who = off.map((one) => one.who);
  const { log } = parts;
  try {
    const provider = parts.provider(plan.flag.provider);
    const target = { environment: plan.environment, key: plan.flag.key };
    const reading = await provider.read(target);
    if (reading === null || reading.rolloutId !== rolloutId || isOff(reading)) return;
    // What is served in place of the canary is served to them too.
    if (!sameExposure(canaryExposure(plan, reading.exposure), { ...reading.exposure, variant: null })) return;
    const lease = stageLease(excluding(plan, who), stage);
    const result = await provider.write({
      ...target,
      rolloutId,
      epoch: expected.epoch,
      exposure: withoutThem(reading.exposure, off),
      ...(lease === null ? {} : { lease }),
      direction: 'lower',
      expectedRevision: reading.revision,
      author: GATE_AUTHOR,
      reason: `${who.join(', ')} alone got worse while the workflow did not answer: ${off[0]?.reason ?? ''}`,
    });
    log.warn(
      { rollout: rolloutId, who, result: result.kind },
      'the gate has taken them off the canary itself',
    );
  } catch (error) {
    log.warn({ err: error, rollout: rolloutId, who }, 'they could not be taken off the canary yet');
  }
}
