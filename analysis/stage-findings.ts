import type { PreflightFinding } from '../plans/preflight.ts';
import { bakeTimeFor, planDuration } from './bake-time.ts';
import type { MetricOutlook } from './metric-outlook.ts';
import type { Detection, Improvement, Outlook } from './outlook.ts';
import type { SliceOutlook } from './slice-outlook.ts';
import { bakeTimeToFind, namedDifferences, type StageOutlook } from './stage-outlook.ts';

/** What a reader must know of a stage before the rollout: what it is too short to see, and what it will wait for in vain. */
export function stageFindings(stage: StageOutlook): PreflightFinding[] {
  return [
    ...stage.metrics.flatMap((metric) => metricFindings(metric, stage)),
    ...minimumFindings(stage),
    ...stage.slices.flatMap((slice) => sliceFindings(slice, stage)),
    ...traffic(stage),
  ];
}

type Told = Pick<PreflightFinding, 'message' | 'instead'>;

function warning(stage: StageOutlook, { message, instead }: Told): PreflightFinding {
  return { severity: 'warning', check: 'stages', where: `stage ${stage.stage}`, message, instead };
}

function metricFindings(metric: MetricOutlook, stage: StageOutlook): PreflightFinding[] {
  if (metric.kind === 'not-planned') return [];
  const { mean, quietest } = metric;
  const found: PreflightFinding[] = [];
  for (const named of namedDifferences(mean)) {
    const short = tooShort(named, mean, stage);
    if (short !== null) {
      const message = `${metric.metric}: ${short.message}`;
      found.push({ ...warning(stage, { ...short, message }), rule: 'PLAN-UNSEEN' });
      continue;
    }
    const quiet = quietest?.detections.find((one) => one.of === named.of && one.times === named.times);
    // A stage of a day meets every hour; a shorter one may begin in the quietest.
    if (stage.bake >= 86_400 || quiet?.kind !== 'found' || quiet.seconds <= stage.bake) continue;
    const what = differenceText(named, mean);
    const message = `${metric.metric}: begun in the quietest hour, it finds ${what} after ${timeText(quiet.seconds)} only`;
    found.push({
      ...warning(stage, { message, instead: 'begin the stage in busier hours' }),
      severity: 'note',
    });
  }
  const { proof, improvement } = mean;
  if (proof?.asked === true && (proof.seconds === null || proof.seconds > stage.max)) {
    const after = proof.seconds === null ? 'never' : `after ${timeText(proof.seconds)}`;
    const message = `${metric.metric} is proven to ${sizeText(proof.margin, mean.unit)} ${after}, the stage asks a person after ${planDuration(stage.max)}`;
    const enough = proof.likely === null ? null : bakeTimeFor(proof.likely);
    const instead =
      enough === null ? 'a wider proof, or more percent' : `max: ${planDuration(enough)}, or a wider proof`;
    found.push(warning(stage, { message, instead }));
  }
  if (improvement !== null && (improvement.seconds === null || improvement.seconds > stage.max))
    found.push(warning(stage, tooLate(metric.metric, { improvement, unit: mean.unit, stage })));
  return found;
}

function tooLate(
  metric: string,
  { improvement, unit, stage }: { improvement: Improvement; unit: Outlook['unit']; stage: StageOutlook },
): Told {
  const { margin, better, seconds, likely } = improvement;
  const asked = `better by ${sizeText(margin, unit)}`;
  if (better <= margin * (1 + 1e-9)) {
    const message = `${metric} cannot be ${asked}: there is no more than ${sizeText(better, unit)} to gain`;
    return { message, instead: 'a smaller improve, or none' };
  }
  const after = seconds === null ? 'never' : `after ${timeText(seconds)}`;
  const message = `${metric}: that it is ${asked} is shown ${after} of a canary that is better by ${sizeText(better, unit)}, the stage asks a person after ${planDuration(stage.max)}`;
  const enough = likely === null ? null : bakeTimeFor(likely);
  return {
    message,
    instead:
      enough === null
        ? 'a smaller improve, or more percent'
        : `max: ${planDuration(enough)}, or a smaller improve`,
  };
}

function tooShort(named: Detection, outlook: Outlook, stage: StageOutlook): Told | null {
  const what = differenceText(named, outlook);
  const bake = planDuration(stage.bake);
  const enough = bakeTimeToFind(named);
  const instead =
    enough === null
      ? 'a wider margin, or more percent: no time that people wait is long enough'
      : `bake: ${planDuration(enough)}`;
  if (named.kind === 'tolerated') return null;
  if (named.kind === 'unseen')
    return { message: `${bake} is too short to see ${what}, and so is any time`, instead };
  if (named.seconds > stage.bake)
    return {
      message: `${bake} is too short to see ${what}: half of the rollouts find it after ${timeText(named.seconds)}`,
      instead,
    };
  if (named.likely !== null && named.likely <= stage.bake) return null;
  const likely = named.likely === null ? 'longer than anybody waits' : timeText(named.likely);
  return {
    message: `${bake} is not always enough to see ${what}: most rollouts need ${likely}`,
    instead,
  };
}

function minimumFindings(stage: StageOutlook): PreflightFinding[] {
  return minimumsTold(stage, { stage, of: '' }).map((told) => warning(stage, told));
}

/** Minimums that come too late or never: of the whole, or of a slice (`of`: ` of tier=enterprise`). */
function minimumsTold(
  { minRequests, minUsers }: Pick<StageOutlook, 'minRequests' | 'minUsers'>,
  { stage: { max }, of }: { stage: StageOutlook; of: string },
): Told[] {
  const found: Told[] = [];
  const seconds = minRequests?.seconds ?? null;
  if (minRequests !== null && seconds !== null && seconds > max) {
    const message = `its minimum of ${minRequests.need} canary requests${of} takes ${timeText(seconds)}, the stage asks a person after ${planDuration(max)}`;
    const enough = bakeTimeFor(seconds);
    const instead =
      enough === null ? 'a smaller minRequests, or more percent' : `max: ${planDuration(enough)}`;
    found.push({ message, instead });
  }
  if (minUsers !== null && minUsers.expected !== null && minUsers.expected < minUsers.need) {
    const message = `of the users${of} that are counted now ${minUsers.expected} get the canary, its minimum is ${minUsers.need}`;
    found.push({ message, instead: 'a smaller minUsers, or more percent' });
  }
  return found;
}

/**
 * A slice that never shows what it must holds the stage: a warning. One that is too small to see its margins here is only to be
 * known, as the whole is watched beside it and a later stage has more of the slice.
 */
function sliceFindings(slice: SliceOutlook, stage: StageOutlook): PreflightFinding[] {
  const found = minimumsTold(slice, { stage, of: ` of ${slice.slice}` }).map((told) => warning(stage, told));
  const asked = slice.minRequests !== null || slice.minUsers !== null;
  if (slice.perHour === null && stage.percent !== null && asked) {
    const message = `no series of the last day had ${slice.slice}: the stage waits until one has`;
    found.push(warning(stage, { message, instead: 'check the label and its value' }));
  }
  const short = slice.metrics.flatMap((metric) => {
    if (metric.kind === 'not-planned') return [];
    return namedDifferences(metric.mean)
      .slice(-1)
      .filter((named) => named.kind !== 'found' || named.seconds > stage.bake)
      .map((named) => {
        const what = differenceText(named, metric.mean);
        const when =
          named.kind === 'found'
            ? `${what} after ${timeText(named.seconds)}`
            : `${what} in no time that people wait`;
        return `${metric.metric} ${when}`;
      });
  });
  if (short.length > 0) {
    const message = `${slice.slice} sees beyond ${planDuration(stage.bake)} only: ${short.join('; ')}`;
    found.push({ ...warning(stage, { message, instead: '' }), severity: 'note' });
  }
  return found;
}

function traffic(stage: StageOutlook): PreflightFinding[] {
  if (!stage.compared || stage.perHour === null || stage.perHour > 0) return [];
  return [warning(stage, { message: 'the service has no requests: nothing can be compared', instead: '' })];
}

/** `0.5 pp (the hard margin)`. */
export function differenceText(named: Detection, { unit }: Outlook): string {
  const margin = named.times === 1 ? `the ${named.of} margin` : `twice the ${named.of} margin`;
  return `${sizeText(named.difference, unit)} (${margin})`;
}

/** A difference, worse when larger: `0.5 pp`, `20 %`. */
export function sizeText(size: number, unit: Outlook['unit']): string {
  const text = (size * 100).toPrecision(2);
  return `${Number(text)} ${unit === 'rate' ? 'pp' : '%'}`;
}

/** Seconds, about: `45 s`, `8 min`, `2.5 h`, `9 d`. */
export function timeText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  const [size, unit] = seconds < 172_800 ? [seconds / 3600, 'h'] : [seconds / 86_400, 'd'];
  return `${Number(size.toFixed(1))} ${unit}`;
}
