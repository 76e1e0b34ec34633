import { drillBehind, drillText } from './drill.ts';
import { type Exposure, leavesCanary } from './exposure.ts';
import type { IncidentStanding, JournalEntry } from './journal.ts';
import type { Plan } from './plan.ts';
import type { RolloutView } from './view.ts';
import { audience, cause, clock, duration } from './words.ts';

/** What is known of an incident now: the rollout, what its journal says since, and the flag as it is served. */
export interface IncidentFacts {
  view: RolloutView;
  plan: Plan;
  /** The line that opened it and all that came after it, in order. */
  lines: readonly JournalEntry[];
  /** Null: there is no such flag any more. `rollout` is the one that has it now. */
  flag: {
    exposure: Exposure;
    rollout: string | null;
    latch: { by: string; reason: string; at: string } | null;
  } | null;
}

/**
 * How an incident stands. It is over once the flag is back, the metrics have shown the traffic back on the old path (where they
 * can tell), and nothing keeps the flag down any more.
 */
export function incidentState({ view, plan, lines, flag }: IncidentFacts): IncidentStanding['state'] {
  if (view.phase === 'reverting') return 'going-back';
  if (leavesCanary(view.exposure, plan.flag.canary)) {
    const answer = answerIn(lines);
    if (answer === undefined) return 'verifying';
    if (answer.transition === 'rollback-unverified') return 'unverified';
  }
  return flag?.latch == null ? 'over' : 'latched';
}

function answerIn(lines: readonly JournalEntry[]): JournalEntry | undefined {
  return lines.findLast(
    ({ transition }) => transition === 'rollback-verified' || transition === 'rollback-unverified',
  );
}

const STATES: Record<IncidentStanding['state'], string> = {
  'going-back': 'The flag is not back yet',
  verifying: 'The flag is back; the metrics have not said yet that the traffic is',
  unverified: 'The flag is back, and the traffic is not seen to be',
  latched: 'The rollback holds, and the flag is locked',
  over: 'The rollback holds',
};

/** `The flag is not back yet, 32 min after it began.` */
export function standingSentence(
  facts: IncidentFacts,
  { since, now }: { since: number; now: number },
): string {
  return `${STATES[incidentState(facts)]}, ${duration((now - since) / 1000)} after it began.`;
}

/** What is known now, one fact each: since when, who has the canary, whether that is verified, where it moved, who acts. */
export function standingLines(
  facts: IncidentFacts,
  { since, now }: { since: number; now: number },
): string[] {
  const { view, lines } = facts;
  const explained = lines.findLast(({ explanation }) => explanation !== undefined)?.explanation;
  const [opened] = lines;
  const drill = drillBehind(view);
  return [
    ...(drill === null ? [] : [`Drill: ${drillText(drill)}`]),
    `Since: ${clock(since)} UTC, ${duration((now - since) / 1000)}`,
    ...(opened === undefined ? [] : [`Cause: ${cause(opened.cause)}`]),
    `Exposure now: ${exposureText(facts)}`,
    `Rollback: ${rollbackText(facts)}`,
    ...latchLines(facts),
    `Where it moved: ${explained === undefined ? 'not known yet' : explained.sentence}`,
    `Who acts: ${actorText(lines, view)}`,
  ];
}

function exposureText({ view, flag }: IncidentFacts): string {
  if (flag === null) return 'the flag is gone';
  const own = flag.rollout === null || flag.rollout === view.id;
  return `${audience(flag.exposure)}${own ? '' : `, by ${flag.rollout}, which has begun since`}`;
}

function rollbackText(facts: IncidentFacts): string {
  const { view, lines, flag } = facts;
  const answer = answerIn(lines);
  switch (incidentState(facts)) {
    case 'going-back':
      return lines.findLast(({ transition }) => transition === 'write-failed')?.summary ?? 'under way';
    case 'verifying':
      return flag?.rollout != null && flag.rollout !== view.id
        ? `nobody will know whether it worked, since the flag's next rollout has begun: tidegate incident close ${view.id}`
        : 'the flag is back; the metrics are asked where the traffic is';
    case 'unverified':
    case 'latched':
    case 'over':
      return answer?.summary ?? 'the flag is back, and the metrics cannot tell more';
  }
}

function latchLines({ view, flag }: IncidentFacts): string[] {
  if (flag?.latch == null) return [];
  const { by, reason } = flag.latch;
  const unlock = `tidegate unlock ${view.flag} --environment ${view.environment} --reason "..."`;
  return [`Locked by: ${by}, ${reason}; no rollout raises the flag before ${unlock}`];
}

/** Whoever did something last; else the team of the plan is who is asked. */
function actorText(lines: readonly JournalEntry[], { owner }: RolloutView): string {
  const last = lines.findLast(({ cause: from }) => from.kind === 'person');
  if (last?.cause.kind === 'person') return `${last.cause.by}, ${clock(last.at)} UTC: ${last.summary}`;
  return `nobody has done anything yet${owner === null ? '' : `; ${owner} is the team to ask`}`;
}
