import type { MetricAssessment } from '../../../plans/assessment.ts';
import type { Exposure } from '../../../plans/exposure.ts';
import { partName } from '../../../plans/part-name.ts';
import { stopCause } from '../../../plans/standing-words.ts';
import { audience, capital, percent, points, relative, signed } from '../../../plans/words.ts';
import type { LiveEvent } from '../../../server/api.ts';
import { type Deed, leavesFlag } from './actions.ts';
import { doubtDue } from './doubt-words.ts';
import { about, movedPerMinute, presentAssessment, trafficOf } from './traffic.ts';

type Seen = Pick<LiveEvent, 'view' | 'live'>;

/** What a decision will do to how many, one sentence each. */
export function consequencesOf(deed: Deed, seen: Seen, now: number): string[] {
  const { view } = seen;
  const { exposure, safeExposure } = view;
  switch (deed) {
    case 'rollback':
    case 'kill':
    case 'reject':
      return [
        ...lowered(seen, safeExposure, exposure),
        deed === 'kill'
          ? 'Nothing raises this flag again until somebody unlocks it.'
          : 'This rollout ends. Afterwards it can be retried.',
      ];
    case 'retry':
      return [
        `What stopped ${view.id}: ${stopCause(view) ?? 'nobody said'}.`,
        'A new rollout of the same plan begins at the stage chosen, in one step, with the approvals asked for anew.',
        view.build === undefined
          ? 'Its evidence begins anew: no build was named.'
          : `It goes on with the evidence against build ${view.build}. Another build begins anew.`,
        'Above the first stage it counts on the gates that had passed before the stop.',
      ];
    case 'abandon':
      return leavesFlag(view)
        ? [`This rollout ends. The flag stays: ${audience(exposure)}. Nobody watches it any more.`]
        : [...lowered(seen, safeExposure, exposure), 'This rollout ends as abandoned.'];
    case 'step-back': {
      const back = stageBefore(seen);
      return [
        `Back to stage ${back.name}.`,
        ...lowered(seen, { ...exposure, percent: back.percent }, exposure),
        'The gate of that stage begins again.',
      ];
    }
    case 'exclude':
      return [
        'One tenant or segment returns to the old path, within seconds, and stays there in every later stage.',
        'The rollout goes on for the rest. Nobody has to approve it.',
      ];
    case 'include':
      return [
        'It waits for a second person: nobody gets the new path before they approve.',
        'Then they have it like everybody else in the present stage, once nothing speaks against it.',
      ];
    case 'pause':
      return [
        `${audience(exposure)}: nobody's path changes.`,
        'Nothing moves up until somebody resumes. A stop still works at once.',
      ];
    case 'resume':
      return [
        view.drift === undefined
          ? `${audience(exposure)}: nobody's path changes now.`
          : `The flag goes to ${audience(view.drift.restores)} again; now it serves ${audience(exposure)}.`,
        `It goes on from stage ${view.stage ?? 'one'}, by the plan.`,
        ...inDoubt(seen, now),
      ];
    case 'waive':
      return [
        'The rollout begins without what its plan asks for before; that stands in the journal with your reason.',
        'It needs one of the roles that the plan names for it.',
      ];
    case 'recheck':
      return [
        `The checks before stage ${view.checks?.stage ?? ''} are asked again, now.`,
        'Where all answer as expected and nothing else holds it, that stage opens.',
      ];
    case 'accept-drift':
      return [
        `What the flag serves stays: ${audience(exposure)}.`,
        `The rollout goes on from stage ${view.drift?.accepts ?? ''}.`,
      ];
    case 'accept-difference':
      return [
        ...stoppedMetrics(seen).map((metric) => acceptance(metric, seen)),
        `${audience(exposure)}: nobody's path changes now. The gate goes on, and the hard margin stays.`,
      ];
    case 'accept-split':
      return [
        'The traffic split is taken as it was seen.',
        `${audience(exposure)}: nobody's path changes now; the gate goes on.`,
      ];
    case 'confirm':
      return [
        'The metrics have shown the old path unused for as long as the plan asks.',
        `From now on a kill of ${view.flag} is refused, and the old path may be taken away. This cannot be taken back.`,
        `${audience(exposure)}: nobody's path changes. The rollout completes.`,
      ];
    case 'approve':
      return approval(seen, now);
  }
}

/** A difference that nobody accepts by going on. */
function inDoubt(seen: Seen, now: number): string[] {
  const due = doubtDue(presentAssessment(seen), now);
  return due === null ? [] : [`It is a stop by itself ${due}, if the difference stands.`];
}

/** The same of a rollback that takes its time. */
export function slowConsequences(): string[] {
  return [
    'The first step down is taken within seconds, the others one by one, as far apart as the plan says (10 min otherwise).',
    'Nothing moves up meanwhile. A hard stop, a kill or another rollback makes it immediate.',
    'This rollout ends. Afterwards it can be retried.',
  ];
}

/** How many have the new path among those who are to be taken off; `name` is a tenant's or a segment's. */
export function hitBy(name: string, { live }: Pick<Seen, 'live'>): string | null {
  if (name === '') return null;
  const slices = Object.entries(live?.sample?.slices ?? {});
  const found = slices.find(([slice]) => slice === name || slice.endsWith(`=${name}`))?.[1];
  const users = found?.canary.users;
  if (users !== undefined)
    return `${Math.round(users).toLocaleString('en-US')} users of ${name} have had the new path in this stage.`;
  if (found !== undefined)
    return `${capital(about(found.canary.requests))} requests of ${name} met the new path in the last look.`;
  return `How many of ${name} have the new path is not known: the plan's \`coverage\` does not count them apart.`;
}

function lowered(seen: Seen, to: Exposure, from: Exposure): string[] {
  if (to.percent === from.percent && to.segments.length === from.segments.length)
    return [`${audience(from)}: nobody's path changes.`];
  const traffic = trafficOf(seen);
  const moved = movedPerMinute(traffic, from, to);
  const users = traffic?.users ?? null;
  const counted =
    users === null ? '' : ` (${Math.round(users).toLocaleString('en-US')} users seen in this stage)`;
  return [
    `The new path goes from ${audience(from)} to ${audience(to)}, within seconds.`,
    moved === null
      ? 'How many requests return to the old path is not known: none were counted yet.'
      : `${capital(about(moved))} requests a minute return to the old path${counted}.`,
  ];
}

function approval(seen: Seen, now: number): string[] {
  const { view } = seen;
  const asked = view.blockers.find(({ roles }) => roles.length > 0);
  if (asked?.kind === 'confirmation') return ['What was done by breaking the glass is confirmed.'];
  const present = view.stages.findIndex(({ state }) => state === 'now');
  const next = view.stages[present + 1];
  const others = view.blockers.filter((blocker) => blocker !== asked && blocker.kind !== 'paused');
  if (next === undefined) return ['The rollout completes.'];
  const traffic = trafficOf(seen);
  const moved = movedPerMinute(traffic, view.exposure, { ...view.exposure, percent: next.percent });
  return [
    `Stage ${next.name} opens: ${audience(view.exposure)} becomes ${percent(next.percent)}.`,
    ...(moved === null ? [] : [`${capital(about(moved))} more requests a minute meet the new path.`]),
    ...(others.length === 0
      ? ['It moves as soon as nobody else is asked.']
      : others.map(
          ({ text, until }) =>
            `It still waits: ${text}${until === null ? '' : ` (${relative(until, now)})`}.`,
        )),
  ];
}

function stageBefore({ view }: Seen): { name: string; percent: number } {
  const present = view.stages.findIndex(({ state }) => state === 'now');
  return view.stages[present - 1] ?? { name: 'none', percent: 0 };
}

/** The metrics that an approval of a soft stop is about, as the reducer has it. */
export function stoppedMetrics(seen: Seen): MetricAssessment[] {
  const assessment = presentAssessment(seen);
  if (assessment === null) return [];
  return assessment.metrics.filter(
    (one) => one.verdict === 'soft' || (one.metric === assessment.metric && one.slice === assessment.slice),
  );
}

function acceptance(metric: MetricAssessment, { live }: Seen): string {
  const kind = live?.kinds[metric.metric];
  const text = kind === 'mean' || kind === 'gauge' ? signed : points;
  const fewerIsWorse = (metric.soft ?? metric.hard ?? 0) < 0;
  const { estimate, standardError } = metric;
  const [low, high] = metric.interval ?? [estimate - 2 * standardError, estimate + 2 * standardError];
  const margin = metric.soft === null ? '' : `, instead of ${text(metric.soft)}`;
  return `${partName(metric)} may differ by up to ${text(fewerIsWorse ? low : high)} from now on${margin}.`;
}
