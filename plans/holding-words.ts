import type { Assessment, Holding } from './assessment.ts';
import { valueText } from './metric-words.ts';
import type { Rejection } from './sample.ts';
import { DOUBT } from './shadow.ts';
import { duration, moment } from './words.ts';

/** Why a window is no evidence, in the reader's words. */
export function rejection(of: Rejection): string {
  switch (of.kind) {
    case 'source-down':
      return `the metric source does not answer (${of.detail})`;
    case 'no-baseline':
      return `${of.metric} has no series of the baseline`;
    case 'no-canary':
      return `${of.metric} has no series of the canary`;
    case 'reset':
      return `${of.metric}: a counter began again in ${of.series}`;
    case 'gap':
      return `${of.metric}: ${of.series} was not scraped`;
    case 'invalid':
      return `${of.metric}: ${of.detail}`;
    default:
      return unreachable(of);
  }
}

/** What stands between the gate and a pass, one sentence. `t` is the gate's clock in seconds. */
export function holding(of: Holding, t: number): string {
  switch (of.kind) {
    case 'bake':
      return of.until > t ? `bake time: ${duration(of.until - t)} more` : 'bake time: over';
    case 'requests':
      return `requests of the canary: ${count(of.have)} of ${count(of.need)}`;
    case 'users':
      return `users of the canary: ${count(of.have)} of ${count(of.need)}`;
    case 'coverage':
      return `canary ${of.of} of ${of.slice}: ${count(of.have)} of ${count(of.need)}`;
    case 'proof':
      return `proof that it is safe: ${of.metrics.join(', ')}`;
    case 'improvement':
      return `proof that it is better: ${of.metrics.join(', ')}`;
    case 'exceedances':
      return `slow requests of ${of.metric}: ${count(of.have)} of ${count(of.need)}`;
    case 'quiet':
      return quietText(of, t);
    case 'clean':
      return clean(of);
    case 'references':
      return `${of.detail}; \`tidegate flags references\` finds the places`;
    case 'split':
      return `data problem, the traffic is not split as planned: ${of.detail}${of.seen === undefined ? '' : '; mend it, or accept it: tidegate approve --reason "..."'}`;
    case 'doubt':
      return doubtText(of, t);
    case 'data':
      return `data: ${of.rejections.map(rejection).join('; ')}`;
    default:
      return unreachable(of);
  }
}

/** `no requests of the canary for 25 min`; of a metric `revenue: nothing of the canary for 25 min, while the baseline goes on`. */
export function quietText({ metric, lacks, since }: Extract<Holding, { kind: 'quiet' }>, t: number): string {
  const [only] = lacks;
  const lasting = since === null ? '' : ` for ${duration(t - since)}`;
  if (metric !== null) {
    const other = only === 'canary' ? 'baseline' : 'canary';
    return `${metric}: nothing of the ${only ?? 'cohorts'}${lasting}, while the ${other} goes on`;
  }
  if (since === null) return 'nothing was seen of this stage yet';
  if (only === undefined) return `nothing that a metric of both cohorts counts${lasting}`;
  return `no requests${lacks.length > 1 ? '' : ` of the ${only}`}${lasting}`;
}

/** `errors: stops by itself in 12 min, if that stands`; what it is that stands, the gate's reason says. */
export function doubtText({ part, until }: Extract<Holding, { kind: 'doubt' }>, t: number): string {
  return `${part}: stops by itself ${until > t ? `in ${duration(until - t)}` : 'at the next look'}, if that stands`;
}

/** `clean since Thu 2026-03-05 14:00 UTC, 3 d of 7 d; restarted by the alert HighErrors, Thu 2026-03-05 14:00 UTC`. */
function clean({ since, have, need, restarted }: Extract<Holding, { kind: 'clean' }>): string {
  const count =
    since === null
      ? `no clean days yet of ${duration(need)}: the old path is still in use`
      : `clean since ${moment(since)}, ${duration(have)} of ${duration(need)}`;
  return restarted === undefined ? count : `${count}; restarted by ${restarted.by}, ${moment(restarted.at)}`;
}

/** Limits that are above their threshold now, one sentence each. */
export function limits(assessment: Assessment): string[] {
  return (
    assessment.limits
      // What holds the gate tells of it, and what it stands for is no figure that people know.
      .filter(({ limit, fired, since }) => limit !== DOUBT && (fired || since !== null))
      .map((limit) => {
        const since = limit.since === null ? '' : ` for ${duration(assessment.t - limit.since)}`;
        const value =
          limit.value === null
            ? ''
            : `: ${valueText(limit.kind, limit.value)} is above ${valueText(limit.kind, limit.threshold)}${since}`;
        return `${limit.limit}${value}${limit.fired ? ` (${limit.action})` : ''}`;
      })
  );
}

function count(value: number): string {
  return Math.floor(value).toLocaleString('en-US');
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
