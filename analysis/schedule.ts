import type { Answers } from '../plans/draft/answers.ts';
import { draftPlan } from '../plans/draft/draft.ts';
import { type Profile, profileOf } from '../plans/draft/profiles.ts';
import type { DraftStage, Schedule } from '../plans/draft/schedule.ts';
import { Plan } from '../plans/plan.ts';
import { assumedService } from './assumed.ts';
import { planDuration } from './bake-time.ts';
import { bakeTimeToFind, namedDifferences, planStage, type StageOutlook } from './stage-outlook.ts';
import { unseenIn, unseenText } from './unseen.ts';

/** Below this many users a day a stage is a handful of people, whatever its percentage. */
const FEWEST_USERS = 5;
/** What the rules of a plan allow: the first public step, and the factor from one to the next. */
const LARGEST_FIRST = 5;
const LARGEST_JUMP = 5;
/** A longer bake changes what a stage can see, a little. */
const ROUNDS = 3;

/** The public stages of a change: which, how long, and what they see, reckoned from its traffic as a preflight does. */
export function scheduleOf(answers: Answers): Schedule {
  const { profile } = profileOf(answers);
  const whole = profile.percents.map((percent) => stageOf(percent, profile));
  const first = look(whole, answers);
  const { stages: kept, left } = worthwhile(whole, { outlooks: first, answers });
  let stages = kept;
  let outlooks = left.length === 0 ? first : look(kept, answers);
  for (let round = 0; round < ROUNDS; round += 1) {
    const bakes = stages.map(({ bake }, index) => bakeOf(outlooks[index], bake, profile.longest));
    if (bakes.every((bake, index) => bake === stages[index]?.bake)) break;
    stages = stages.map((stage, index) => ({ ...stage, bake: bakes[index] ?? stage.bake }));
    outlooks = look(stages, answers);
  }
  const told = stages.map((stage, index) =>
    withMinimums(stage, { outlook: outlooks[index], answers, profile }),
  );
  return { stages: told, left, unseen: unseenReason(outlooks, answers) };
}

function stageOf(percent: number, { bake }: Profile): DraftStage {
  return { percent, bake, minRequests: null, minUsers: null, notes: [] };
}

function look(stages: readonly DraftStage[], answers: Answers): StageOutlook[] {
  const plan = Plan.parse(draftPlan(answers, { stages: [...stages], left: [], unseen: null }));
  const expected = assumedService(plan, answers.traffic);
  // The internal stage comes first.
  return stages.map((_, index) => planStage(expected, index + 1));
}

/** Leaves out stages in which nothing can be seen, as long as the steps that stay are small enough. */
function worthwhile(
  whole: readonly DraftStage[],
  { outlooks, answers }: { outlooks: readonly StageOutlook[]; answers: Answers },
): Pick<Schedule, 'stages' | 'left'> {
  const { profile } = profileOf(answers);
  const stages: DraftStage[] = [];
  const left: Schedule['left'] = [];
  whole.forEach((stage, index) => {
    const why = pointless(stage, { outlook: outlooks[index], answers, longest: profile.longest });
    const next = whole[index + 1]?.percent ?? 100;
    const before = stages.at(-1)?.percent;
    const reachable = before === undefined ? next <= LARGEST_FIRST : next <= before * LARGEST_JUMP;
    if (why !== null && reachable) left.push({ percent: stage.percent, why });
    else stages.push(stage);
  });
  return { stages, left };
}

function pointless(
  { percent }: DraftStage,
  { outlook, answers, longest }: { outlook: StageOutlook | undefined; answers: Answers; longest: number },
): string | null {
  const users = (answers.users * percent) / 100;
  if (users < FEWEST_USERS) return `${about(users)} users a day are a handful`;
  const hard = (outlook?.metrics ?? []).flatMap((metric) =>
    metric.kind === 'planned' ? namedDifferences(metric.mean).filter(({ of }) => of === 'hard') : [],
  );
  const seen = hard.some((named) => named.kind === 'found' && named.seconds <= longest);
  return seen
    ? null
    : `at ${answers.traffic} requests/s not even a hard margin shows within ${planDuration(longest)}`;
}

/** Long enough for all that can be found within the longest time, and not shorter than it is. */
function bakeOf(outlook: StageOutlook | undefined, bake: number, longest: number): number {
  const times = (outlook?.metrics ?? []).flatMap((metric) =>
    metric.kind === 'planned' ? namedDifferences(metric.mean).map(bakeTimeToFind) : [],
  );
  return Math.max(bake, ...times.filter((time): time is number => time !== null && time <= longest));
}

function withMinimums(
  stage: DraftStage,
  { outlook, answers, profile }: { outlook: StageOutlook | undefined; answers: Answers; profile: Profile },
): DraftStage {
  const { percent, bake } = stage;
  const perHour = answers.traffic * 36 * percent;
  const perDay = (answers.users * percent) / 100;
  const notes = [
    `About ${about(perHour)} requests an hour and ${about(perDay)} users a day have the canary.`,
  ];
  if (bake > profile.bake)
    notes.push(
      `${planDuration(bake)} in place of ${planDuration(profile.bake)}: so long the thresholds need at this traffic.`,
    );
  const unseen = outlook === undefined ? [] : unseenIn(outlook);
  if (unseen.length > 0)
    notes.push(`Not seen in ${planDuration(bake)}; half of the rollouts see ${unseenText(unseen)}.`);
  else notes.push('All that the thresholds name is seen by most rollouts within the bake time.');

  const late = (outlook?.minRequests?.seconds ?? 0) > bake;
  const minRequests = late ? Math.max(1, Math.floor((perHour * bake) / 3600 / 2)) : null;
  if (minRequests !== null)
    notes.push(
      'minRequests: half of what the bake time brings; the usual minimum would hold the gate for longer.',
    );
  const enough = Math.min(profile.minUsers, Math.floor(perDay / 2));
  const minUsers = enough >= FEWEST_USERS ? enough : null;
  if (minUsers === null)
    notes.push('Too few users to wait for a number of them: name people or tenants in a segment.');
  return { ...stage, minRequests, minUsers, notes };
}

function unseenReason(outlooks: readonly StageOutlook[], { traffic }: Answers): string | null {
  const blind = outlooks.filter((outlook) => unseenIn(outlook).length > 0).map(({ stage }) => stage);
  if (blind.length === 0) return null;
  return `${traffic} requests/s cannot show every threshold at ${blind.join(', ')}: limits, later stages and people guard the rest`;
}

/** A number as people say it: two digits of it. */
function about(value: number): string {
  return value >= 100
    ? Math.round(Number(value.toPrecision(2))).toLocaleString('en')
    : String(Number(value.toPrecision(2)));
}
