import { assumedDispersion, measuredDispersion } from '../../analysis/dispersion.ts';
import { knotsOf } from '../../analysis/halves.ts';
import type { Replay } from '../../analysis/replay.ts';
import type { Holding } from '../../plans/assessment.ts';
import type { Comparison } from '../../plans/comparison.ts';
import type { Plan } from '../../plans/plan.ts';
import type { Advice, PlanEdit, Report, StageSpan } from '../../plans/report.ts';
import type { Stage } from '../../plans/stage.ts';
import { stageExposure } from '../../plans/stages.ts';
import { durationText } from '../../plans/units.ts';
import { duration, percent, points } from '../../plans/words.ts';

export interface Told {
  plan: Plan;
  replay: Replay;
  stages: readonly StageSpan[];
  gates: readonly Comparison[];
  stop: Report['stop'];
  explanation: Report['explanation'];
  by: 'evidence' | 'limit' | 'person' | 'alert' | 'rule' | null;
  /** What has stopped it was broken on purpose. */
  drilled: boolean;
}

/** A gate that needed this much longer than the bake time was waiting for traffic, not for time. */
const MUCH_LONGER = 1.5;
/** A step that multiplies the exposure by less is small already. */
const SMALL_STEP = 2;
/** A margin this far from what the stage could see is not the one that decides. */
const BEYOND_SIGHT = 2;
const FAR_WITHIN = 0.1;
/** A part of the traffic that carries at least so much of the excess, and is at most so much of the requests. */
const MOST = 0.5;
const MINOR = 0.5;

/** What to change in the plan before the next rollout: one rule each, each with its reason. */
export function adviceOf(told: Told): Advice[] {
  // What a drill has broken says nothing of the plan but how long its gates took before.
  if (told.drilled) return bakes(told);
  return [
    ...bakes(told),
    ...steps(told),
    ...slices(told),
    ...minimums(told),
    ...noise(told),
    ...margins(told),
  ];
}

function bakes({ stages, plan }: Told): Advice[] {
  return stages.flatMap((span): Advice[] => {
    if (span.passed === null) return [];
    const needed = (span.passed - span.from) / 1000;
    // Windows come in steps of a poll.
    if (needed < MUCH_LONGER * span.bake || needed - span.bake < 3 * plan.source.poll) return [];
    const text = `Stage ${span.stage} needed ${duration(needed)} to pass with a bake time of ${duration(span.bake)}: plan ${duration(needed)} for it, or give it more traffic.`;
    return [{ kind: 'bake', text, edit: { kind: 'bake', stage: span.stage, value: durationText(needed) } }];
  });
}

function steps({ plan, gates, stop, by }: Told): Advice[] {
  if (stop === null || (by !== 'evidence' && by !== 'limit')) return [];
  const index = plan.stages.findIndex(({ name }) => name === stop.stage);
  const stage = plan.stages[index];
  const gate = gates.findLast((one) => one.stage === stop.stage);
  const served = gate?.rows.find(({ kind }) => kind === 'requests')?.canary.value ?? null;
  if (stage?.percent === undefined || served === null) return [];
  const before = stageExposure(plan, index - 1).percent;
  const exposures = `It stopped in stage ${stop.stage ?? ''} after ${Math.round(served).toLocaleString('en-US')} requests of the canary there`;
  if (before === 0) {
    const text = `${exposures}, its first stage for everyone: a smaller one before it would have exposed fewer.`;
    return [{ kind: 'step', text, edit: insert(stage, Number((stage.percent / 5).toPrecision(1))) }];
  }
  if (stage.percent < SMALL_STEP * before) return [];
  const between = Number(Math.sqrt(before * stage.percent).toPrecision(1));
  if (between <= before || between >= stage.percent) return [];
  const share = percent((100 * between) / stage.percent);
  const text = `${exposures}: a stage of ${percent(between)} between ${percent(before)} and ${percent(stage.percent)} would have exposed ${share} as many in the same time.`;
  return [{ kind: 'step', text, edit: insert(stage, between) }];
}

/** A stage like the one after it, for fewer. */
function insert({ name, bake }: Stage, percent: number): PlanEdit {
  return {
    kind: 'insert',
    before: name,
    stage: { name: `${percent}%`, percent, bake: durationText(bake) },
  };
}

/** Where a part of the traffic carried what the whole was stopped for: it is to decide for itself. */
function slices({ plan, explanation }: Told): Advice[] {
  const covered = new Set(
    [plan, ...plan.stages].flatMap(({ coverage = [] }) => coverage.map(({ slice }) => slice)),
  );
  // Hours are no part of the traffic, and a slice decides by counts.
  const searched = explanation?.of === 'values' ? [] : (explanation?.dimensions ?? []);
  const found = searched.flatMap(({ label, kind, values }) =>
    label === plan.source.replicas || kind === 'hours'
      ? []
      : values
          .filter((one) => one.found && one.share !== null && one.share >= MOST && one.traffic <= MINOR)
          .map((one) => ({ slice: `${label}=${one.value}`, share: one.share ?? 0, traffic: one.traffic })),
  );
  const [worst] = found.filter(({ slice }) => !covered.has(slice)).toSorted((a, b) => b.share - a.share);
  if (worst === undefined) return [];
  const text = `${worst.slice} had ${percent(100 * worst.traffic)} of the requests and ${percent(100 * Math.min(1, worst.share))} of what was bad: as coverage it is seen in every stage, and stops the rollout by itself.`;
  return [{ kind: 'coverage', text, edit: { kind: 'coverage', slice: worst.slice } }];
}

type Minimum = Extract<Holding, { have: number; need: number }>;

function isMinimum(holding: Holding): holding is Minimum {
  return 'need' in holding;
}

function minimumText(one: Minimum): string {
  switch (one.kind) {
    case 'exceedances':
      return `slow requests of ${one.metric}`;
    case 'coverage':
      return `${one.of} of the canary in ${one.slice}`;
    case 'clean':
      return 'clean days';
    case 'requests':
    case 'users':
      return `${one.kind} of the canary`;
  }
}

/** By the last word of each gate. */
function minimums({ replay }: Told): Advice[] {
  return replay.visits.flatMap(({ stage, recorded }) =>
    (recorded?.holding ?? []).flatMap((one): Advice[] => {
      if (!isMinimum(one)) return [];
      if (one.need - one.have <= 1) return [];
      const what = minimumText(one);
      const have = Math.floor(one.have).toLocaleString('en-US');
      const text = `Stage ${stage} never saw its minimum of ${what} (${have} of ${Math.ceil(one.need).toLocaleString('en-US')}): make the stage longer or larger, or ask for fewer.`;
      return [{ kind: 'minimum', text }];
    }),
  );
}

/** Where equal cohorts were measured to differ by more than the plan assumes where it cannot measure. */
function noise({ plan, replay }: Told): Advice[] {
  const assumed = plan.analysis.noise;
  const evidence = replay.visits.at(-1)?.evidence;
  const found = plan.metrics.flatMap(({ name }) => {
    const known = evidence?.metrics[name];
    const halves = known?.kind === 'ratio' || known?.kind === 'latency' ? known.halves : [];
    const knots = [replay.learnt.dispersion?.[name], ...halves.map((one) => knotsOf(one, assumed))];
    const sizes = knots.flatMap((curve) =>
      (curve ?? []).map((_, k) =>
        Math.sqrt(measuredDispersion(curve ?? [])(2 ** k) / assumedDispersion(1)(2 ** k)),
      ),
    );
    return sizes.length === 0 ? [] : [{ name, size: Math.max(...sizes) }];
  });
  const [worst] = found.toSorted((a, b) => b.size - a.size);
  if (worst === undefined || worst.size <= 1.05 * assumed) return [];
  const size = Number(worst.size.toPrecision(2));
  const text = `Equal cohorts differed in ${worst.name} by more (${size}) than analysis.noise (${assumed}) assumes: set noise to ${size}, for rollouts in which it cannot be measured.`;
  return [{ kind: 'noise', text, edit: { kind: 'noise', value: size } }];
}

/** By the largest stage that was compared: what its interval could tell apart, against the soft margin. */
function margins({ replay, gates }: Told): Advice[] {
  const gate = gates.findLast(
    ({ compared, rows }) => compared && rows.some(({ interval }) => interval !== null),
  );
  if (gate === undefined) return [];
  const recorded = replay.visits.find(
    ({ stage, visit }) => stage === gate.stage && visit === gate.visit,
  )?.recorded;
  return gate.rows.flatMap(({ kind, metric, slice, interval }): Advice[] => {
    // The margins are the metric's: a slice sees less than what they are chosen for.
    if (kind !== 'ratio' || interval === null || metric === null || slice !== null) return [];
    const soft = recorded?.metrics.find((one) => one.metric === metric)?.soft ?? null;
    if (soft === null || soft === 0) return [];
    const seen = (interval[1] - interval[0]) / 2;
    const sign = soft < 0 ? -1 : 1;
    if (seen > BEYOND_SIGHT * Math.abs(soft)) {
      const text = `The soft margin of ${metric} (${points(soft)}) was finer than stage ${gate.stage} could see (about ${points(sign * seen)}): give the stages more traffic or time, or widen the margin.`;
      return [{ kind: 'margin', text }];
    }
    if (seen >= FAR_WITHIN * Math.abs(soft)) return [];
    const text = `The soft margin of ${metric} (${points(soft)}) is far wider than what stage ${gate.stage} could see (about ${points(sign * seen)}): a tighter one would find smaller regressions.`;
    const tighter = Number((200 * seen).toPrecision(1));
    const value = `${soft < 0 ? '-' : '+'}${tighter}pp`;
    const edit = { kind: 'soft', metric, value } as const;
    return [tighter > 0 ? { kind: 'margin', text, edit } : { kind: 'margin', text }];
  });
}
