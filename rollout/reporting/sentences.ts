import type {
  Detection,
  Excess,
  Happening,
  Meanwhile,
  Observed,
  PlanRevisionNote,
  Report,
  StageSpan,
} from '../../plans/report.ts';
import { partName } from '../../plans/slices.ts';
import { audience, clock, duration, latency, percent, phaseText } from '../../plans/words.ts';

/** The parts of a report in words, one line each, the same on every page. */

export function standingOf({ phase, finished, madeAt }: Report): string {
  return finished ? phaseText(phase) : `${phaseText(phase)}; unfinished, as of ${clock(madeAt)} UTC`;
}

const ENDINGS: Record<StageSpan['ending'], string> = {
  advanced: 'passed',
  'stepped-back': 'stepped back',
  'rolled-back': 'stopped',
  completed: 'completed',
  running: 'still running',
};

export interface StageLine {
  stage: string;
  exposure: string;
  from: string;
  held: string;
  passed: string;
  ending: string;
}

export function stageLines({ stages, madeAt }: Report): StageLine[] {
  return stages.map((span) => ({
    stage: span.visit > 1 ? `${span.stage} (visit ${span.visit})` : span.stage,
    exposure: audience(span.exposure),
    from: clock(span.from),
    held: duration(((span.to ?? madeAt) - span.from) / 1000),
    passed:
      span.passed === null
        ? `no, bake ${duration(span.bake)}`
        : `after ${duration((span.passed - span.from) / 1000)}, bake ${duration(span.bake)}`,
    ending: ENDINGS[span.ending],
  }));
}

/** `kim approves 25%. Reason: looks good. (on-call, in stage 5%)`. */
export function decisionText({ summary, by, roles, reason, stage }: Happening): string {
  const said = /[.!?]$/.test(summary) ? summary : `${summary}.`;
  const why = reason === null || summary.includes(reason) ? '' : ` Reason: ${reason}.`;
  const beside = [
    by !== null && !summary.includes(by) ? `by ${by}` : null,
    ...roles,
    stage === null ? null : `in stage ${stage}`,
  ].filter((part) => part !== null);
  return `${said}${why}${beside.length === 0 ? '' : ` (${beside.join(', ')})`}`;
}

/** `2026-03-01 12:00 revision 2 by ada, approved by kim. Reason: too tight.` */
export function amendmentText({ revision, by, approvedBy, reason, at }: PlanRevisionNote): string {
  const approval = approvedBy === null ? '' : `, approved by ${approvedBy}`;
  const why = reason === null ? '' : ` Reason: ${reason.replace(/\.$/, '')}.`;
  return `${clock(at)} revision ${revision} by ${by}${approval}.${why}`;
}

export function impactLines({ impact, stop }: Report): string[] {
  const { requests, uncompared, users, metrics } = impact;
  if (requests === null) return ['No gate saw a request of the canary.'];
  const who = users === null ? 'How many users that were is not known.' : `It had ${count(users)} users.`;
  const left =
    uncompared > 0
      ? [
          `${count(uncompared)} of them were served in stages that have no baseline to compare with, and are not judged below.`,
        ]
      : [];
  return [
    `The canary served ${count(requests)} requests while gates watched. ${who}`,
    ...left,
    ...metrics.map((metric) =>
      excessText(metric, {
        level: impact.level,
        stopped: stop?.metric == null ? null : partName({ metric: stop.metric, slice: stop.slice }),
      }),
    ),
  ];
}

const EVENTS: Record<Excess['kind'], { more: string; fewer: string }> = {
  bad: { more: 'more bad events', fewer: 'fewer bad events' },
  lost: { more: 'fewer good events', fewer: 'more good events' },
  slow: { more: 'more slow requests', fewer: 'fewer slow requests' },
};

/** `errors: about 31 more bad events than the baseline's rate predicts among 4,210 requests (99 %: +12 to +80).` */
export function excessText(
  of: Excess,
  { level, stopped }: { level: number; stopped: string | null },
): string {
  const { kind, edge, requests, excess, interval, users } = of;
  const name = partName(of);
  const what = `${EVENTS[kind][excess < 0 ? 'fewer' : 'more']}${edge === null ? '' : ` (above ${latency(edge)})`}`;
  const about = `about ${count(Math.abs(excess))} ${what} than the baseline\u2019s rate predicts among ${count(requests)} requests`;
  const between =
    interval === null
      ? ', too few polls for an interval'
      : ` (${percent(level * 100)}: ${signedCount(interval[0])} to ${signedCount(interval[1])})`;
  const hit =
    users === null || !(excess > 0)
      ? ''
      : `; at random they would have hit about ${count(users.estimate)} users${
          users.interval === null ? '' : ` (${count(users.interval[0])} to ${count(users.interval[1])})`
        }`;
  return `${name}: ${about}${between}${chanceText(of, stopped === name)}${hit}.`;
}

/** Whether it may be chance: over all stages, in one of them, or since the first bad window alone. */
function chanceText({ interval, stages }: Excess, carriesStop: boolean): string {
  if (interval === null || interval[0] > 0 || interval[1] < 0) return '';
  const told = stages.filter((one) => one.interval !== null && (one.interval[0] > 0 || one.interval[1] < 0));
  if (told.length > 0)
    return told
      .map(
        ({ stage, excess, interval: own }) =>
          `; in stage ${stage} alone ${signedCount(excess)} (${signedCount(own?.[0] ?? 0)} to ${signedCount(own?.[1] ?? 0)})`,
      )
      .join('');
  return carriesStop
    ? '; over whole stages that may be chance, since the first bad window it is not'
    : '; that may be chance';
}

/** `2026-03-01 12:00 Would have been rolled back ...: 3 min later sam moved the flag ...; meanwhile ...` */
export function observedLines(observed: readonly Observed[]): string[] {
  if (observed.length === 0) return ['Nothing: no decision was due.'];
  return observed.map(({ at, summary, followed, meanwhile }) => {
    const what =
      followed === null
        ? 'Nothing has followed yet.'
        : `${duration((followed.at - at) / 1000)} later: ${followed.summary}`;
    return [
      `${clock(at)} UTC: ${summary}`,
      what,
      ...(meanwhile === null ? [] : [meanwhileText(meanwhile)]),
    ].join(' ');
  });
}

function meanwhileText({ requests, users, metric, excess, hit }: Meanwhile): string {
  const who = users === null ? '' : ` of ${count(users)} users`;
  const more =
    metric === null || excess === null
      ? ''
      : `; ${metric} had about ${count(Math.abs(excess))} events ${excess < 0 ? 'fewer' : 'more'} than the baseline\u2019s rate predicts`;
  const affected = hit === null ? '' : `, which at random hit about ${count(hit)} users`;
  return `Meanwhile the canary served ${count(requests)} requests${who}${more}${affected}.`;
}

export function detectionLines(detection: Detection): string[] {
  const { onset, noticed, stopped, back, by } = detection;
  const lines: string[] = [];
  const since = onset === null ? null : (at: number) => duration((at - onset) / 1000);
  if (onset !== null)
    lines.push(
      `The first bad window began ${clock(onset)} UTC, by the ${by === 'limit' ? 'limit' : 'evidence'} that led to the stop.`,
    );
  else if (by === 'evidence' || by === 'limit') lines.push('When it began is not known.');
  else lines.push(`It was stopped by ${STOPPERS[by]}, not by the gate.`);
  if (noticed < stopped)
    lines.push(
      `The gate first spoke ${clock(noticed)} UTC${since === null ? '' : `, ${since(noticed)} later`}.`,
    );
  lines.push(`It was stopped ${clock(stopped)} UTC${since === null ? '' : `, after ${since(stopped)}`}.`);
  if (back === null) lines.push('The flag is not back yet.');
  else
    lines.push(
      `The flag was back ${clock(back)} UTC, ${precise((back - stopped) / 1000)} after the stop${since === null ? '' : ` and ${since(back)} after the first bad window`}.`,
    );
  return lines;
}

const STOPPERS: Record<Detection['by'], string> = {
  evidence: 'the evidence',
  limit: 'a limit',
  person: 'a person',
  alert: 'an alert',
  rule: 'a rule of the plan',
};

export function adviceLines({ id, advice }: Pick<Report, 'id' | 'advice'>): string[] {
  if (advice.length === 0) return ['Nothing that this rollout has shown.'];
  const edits = advice.filter(({ edit }) => edit !== undefined).length;
  const proposal =
    edits === 0
      ? []
      : [
          `${edits} of these ${edits === 1 ? 'is' : 'are'} in the plan that "tidegate retry ${id} --propose" prints.`,
        ];
  return [...advice.map(({ text }) => text), ...proposal];
}

function count(value: number): string {
  return (Math.round(value) + 0).toLocaleString('en-US');
}

function signedCount(value: number): string {
  const text = count(Math.abs(value));
  return text === '0' ? '0' : `${value < 0 ? '-' : '+'}${text}`;
}

/** What takes less than a second is told in milliseconds. */
function precise(seconds: number): string {
  return seconds < 1 ? `${Math.max(0, Math.round(seconds * 1000))} ms` : duration(seconds);
}
