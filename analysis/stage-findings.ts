import type { PreflightFinding } from '../plans/preflight.ts';
import { bakeTimeFor, planDuration } from './bake-time.ts';
import type { Detection, Outlook } from './outlook.ts';
import { bakeTimeToFind, type MetricOutlook, namedDifferences, type StageOutlook } from './stage-outlook.ts';

/** What a reader must know of a stage before the rollout: what it is too short to see, and what it will wait for in vain. */
export function stageFindings(stage: StageOutlook): PreflightFinding[] {
  return [
    ...stage.metrics.flatMap((metric) => metricFindings(metric, stage)),
    ...minimumFindings(stage),
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
      found.push(warning(stage, { ...short, message: `${metric.metric}: ${short.message}` }));
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
  const { proof } = mean;
  if (proof.asked && (proof.seconds === null || proof.seconds > stage.max)) {
    const after = proof.seconds === null ? 'never' : `after ${timeText(proof.seconds)}`;
    const message = `${metric.metric} is proven to ${sizeText(proof.margin, mean.unit)} ${after}, the stage asks a person after ${planDuration(stage.max)}`;
    const enough = proof.likely === null ? null : bakeTimeFor(proof.likely);
    const instead =
      enough === null ? 'a wider proof, or more percent' : `max: ${planDuration(enough)}, or a wider proof`;
    found.push(warning(stage, { message, instead }));
  }
  return found;
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
  const { minRequests, minUsers, max } = stage;
  const found: PreflightFinding[] = [];
  const seconds = minRequests?.seconds ?? null;
  if (minRequests !== null && seconds !== null && seconds > max) {
    const message = `its minimum of ${minRequests.need} canary requests takes ${timeText(seconds)}, the stage asks a person after ${planDuration(max)}`;
    const enough = bakeTimeFor(seconds);
    const instead =
      enough === null ? 'a smaller minRequests, or more percent' : `max: ${planDuration(enough)}`;
    found.push(warning(stage, { message, instead }));
  }
  if (minUsers !== null && minUsers.expected !== null && minUsers.expected < minUsers.need) {
    const message = `of the users that are counted now ${minUsers.expected} get the canary, its minimum is ${minUsers.need}`;
    found.push(warning(stage, { message, instead: 'a smaller minUsers, or more percent' }));
  }
  return found;
}

function traffic(stage: StageOutlook): PreflightFinding[] {
  if (!stage.compared || stage.perHour === null || stage.perHour > 0) return [];
  return [warning(stage, { message: 'the service has no requests: nothing can be compared', instead: '' })];
}

function differenceText(named: Detection, { unit }: Outlook): string {
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
