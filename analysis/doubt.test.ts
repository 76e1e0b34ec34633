import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import { holding } from '../plans/holding-words.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { DOUBT } from '../plans/shadow.ts';
import { assessCarried, carriedEvidence } from './carried.ts';
import { measureDispersion } from './dispersion.ts';
import type { Evidence } from './evidence.ts';
import { assess, observe, openEvidence } from './gate.ts';
import { many, STAGES, samples, single } from './instances.fixture.ts';
import type { PollCounts } from './kernel.ts';
import { restoreEvidence } from './restored-evidence.ts';
import type { GateContext } from './stage.ts';
import { STANDS } from './stops.ts';
import { planOf, reading, rejected } from './traffic.fixture.ts';

const AT: GateContext = { stageIndex: 0, brief: true };
const MEASURED: GateContext = { ...AT, dispersion: { errors: Array.from({ length: 7 }, () => 0.002) } };
const plan = planOf({ stages: STAGES });
const analysed = (canaryNoise: number) => planOf({ stages: STAGES, analysis: { canaryNoise } });
const POLLS = STANDS / 15;

/** The assessment after each poll, and the evidence that it is of. */
function* follow(
  all: readonly Sample[],
  context = MEASURED,
  of: Plan = plan,
): Generator<[Assessment, Evidence]> {
  let evidence = openEvidence(of);
  for (const sample of all) {
    evidence = observe(evidence, of, reading(sample), context);
    yield [assess(evidence, of, context), evidence];
  }
}

interface Course {
  /** The poll in which a stop is first in doubt, and that in which there is one; null: never. */
  doubt: number | null;
  stop: number | null;
}

function courseOf(all: readonly Sample[], context = MEASURED, of: Plan = plan): Course {
  const course: Course = { doubt: null, stop: null };
  let i = 0;
  for (const [{ verdict, holding, limits, lnE, threshold, metrics }] of follow(all, context, of)) {
    const doubtful = holding.some(({ kind }) => kind === 'doubt');
    if (doubtful) {
      // Nothing passes meanwhile.
      expect([verdict, metrics[0]?.verdict]).toEqual(['hold', 'hold']);
      // People are asked at once.
      expect(limits).toMatchObject([{ limit: DOUBT, fired: true, action: 'pause' }]);
      expect(lnE).toBeGreaterThanOrEqual(threshold);
      course.doubt ??= i;
    }
    if (verdict === 'soft' || verdict === 'hard') return { ...course, stop: i };
    i++;
  }
  return course;
}

const worse = (seed: number, extra = 0.007) =>
  samples({ seed, noise: 0.1, extra: [extra, extra], from: 120 });
const small = (seed: number) =>
  samples({ seed: 900 + seed, noise: 0.1, extra: [0.0022, 0.0022], from: 40, polls: 400 });
const three = (sample: Sample): Sample => ({ ...single(sample), instances: { baseline: 3, canary: 1 } });
const crowded = (sample: Sample): Sample => ({ ...single(sample), instances: { baseline: 2, canary: 1 } });
const unknown = ({ instances: _instances, ...others }: Sample): Sample => others;
const stops = (all: readonly Course[]) => all.map(({ stop }) => stop);

describe('a stop by a canary of one instance against ten', () => {
  test('waits in the poll in which it would have been one, and stops no later than after half an hour', () => {
    const before = many(20, (seed) =>
      courseOf(
        worse(800 + seed)
          .map(single)
          .map(unknown),
      ),
    );
    const now = many(20, (seed) => courseOf(worse(800 + seed).map(single)));
    expect(stops(now)).not.toContain(null);
    expect(now.filter(({ doubt }) => doubt !== null).length).toBeGreaterThanOrEqual(12);
    for (const [i, { doubt, stop }] of now.entries()) {
      // Its noise counts as that of one instance: what is told of it may come a little later than where nothing is known.
      expect(stop ?? 0).toBeGreaterThanOrEqual(before[i]?.stop ?? 0);
      expect((stop ?? 0) - (doubt ?? stop ?? 0)).toBeLessThanOrEqual(POLLS);
    }
  });

  test('is one after half an hour in which the evidence stood', () => {
    const lasting = many(30, (seed) => courseOf(small(seed).map(single)));
    const waited = lasting.flatMap(({ doubt, stop }) =>
      doubt === null || stop === null ? [] : [stop - doubt],
    );
    expect(Math.max(...waited)).toBeGreaterThanOrEqual(POLLS - 1);
  });

  test('is none after half an hour where the canary has long been well, nor at any look after that', () => {
    // Bad for twenty minutes, which the evidence does not forget within two hours.
    const of = { seed: 919, noise: 0.1, polls: 600 };
    const bad = samples({ ...of, extra: [0.015, 0.015], from: 120 });
    const blip = samples(of).map((sample, i) => (i < 200 ? (bad[i] ?? sample) : sample));
    const all = [...follow(blip.map(single))];
    expect(all.filter(([, { doubt }]) => doubt !== undefined).length).toBeGreaterThan(2 * POLLS);
    const due = all.filter(([, { doubt }]) => doubt?.seconds === STANDS - 15);
    expect(due.length).toBeGreaterThan(POLLS);
    const [first] = due.at(-1)?.[0].holding ?? [];
    expect(first && holding(first, due.at(-1)?.[0].t ?? 0)).toMatch(
      /stops by itself at the next look, if that stands$/,
    );
    expect(all.map(([{ verdict }]) => verdict)).not.toContain('hard');
  });

  test('is one at once where the canary is down', () => {
    for (const { doubt, stop } of many(10, (seed) => courseOf(worse(820 + seed, 1).map(single), AT)))
      expect((stop ?? 99) - (doubt ?? stop ?? 0)).toBeLessThanOrEqual(2);
    const dead = (seed: number) => samples({ seed, noise: 0.1, extra: [1, 1], polls: 20 }).map(single);
    for (const { stop } of many(10, (seed) => courseOf(dead(820 + seed), AT)))
      expect(stop ?? 99).toBeLessThan(120 / 15);
  });

  test('is one after minutes where it is many times as bad, though never as bad as what is one at once', () => {
    const noisy = { noise: 0.3, lasting: 0.95, baseline: { noise: 0.3, lasting: 0.95 } };
    const waited = many(20, (seed) => {
      const all = samples({ ...noisy, seed: 1100 + seed, extra: [0.045, 0.045], from: 60 });
      const { doubt, stop } = courseOf(all.map(single), AT);
      return doubt === null || stop === null ? [] : [stop - doubt];
    }).flat();
    expect(waited).toHaveLength(20);
    // All of them waited for the half hour while it was no less the longer it was.
    expect(waited.filter((polls) => polls < POLLS / 2).length).toBeGreaterThanOrEqual(10);
  });

  test('is none where another stage begins and what was seen in the one before is not as bad', () => {
    const two = planOf({ stages: [{ name: '5%', percent: 5, bake: '1h', minRequests: 0 }, ...STAGES] });
    const noisy = { noise: 0.3, lasting: 0.95, baseline: { noise: 0.3, lasting: 0.95 } };
    const worse = (seed: number) =>
      samples({ ...noisy, seed: 1200 + seed, extra: [0.025, 0.025], percent: 5, polls: 100, from: 40 });
    const [well] = samples({ seed: 1, noise: 0, polls: 1 }).map(single);
    const entered = many(20, (seed) => {
      const before = [...follow(worse(seed).map(single), AT, two)].at(-1);
      if (well === undefined || before === undefined || before[0].verdict !== 'hold') return [];
      const next = { ...AT, stageIndex: 1 };
      const after = observe(before[1], two, reading({ ...well, t: 15 * 101 }), next);
      return [assess(after, two, next).verdict];
    }).flat();
    expect(entered.length).toBeGreaterThanOrEqual(10);
    expect(new Set(entered)).toEqual(new Set(['hold']));
  });

  test('says what would stop it, when and why not yet', () => {
    const [found] = many(20, (seed) => [...follow(worse(800 + seed).map(single))]).flatMap((all) =>
      all.filter(([{ holding }]) => holding.some(({ kind }) => kind === 'doubt')),
    );
    expect(found?.[0].reason).toMatch(
      /^errors: canary .* beyond the (soft|hard) margin of .*; stops by itself once that has stood for 30 min, as so few canary instances may differ by as much$/,
    );
    const line = found?.[0].holding.map((one) => holding(one, found[0].t))[0];
    expect(line).toMatch(/^errors: stops by itself in (29 min|30 min).*, if that stands$/);
  });

  test('stands through polls that are no evidence, a restart, another stage and a retry, and not through one that says otherwise', () => {
    const held = many(40, (seed) => [...follow(small(seed).map(single))])
      .flat()
      .filter(([, { doubt }]) => doubt !== undefined && doubt.seconds > 300 && doubt.seconds < STANDS);
    const [first] = held;
    if (first === undefined) throw new Error('none stood for five minutes');
    const [, evidence] = first;
    const lost = observe(evidence, plan, rejected((evidence.t ?? 0) + 15), MEASURED);
    expect(lost.doubt).toEqual(evidence.doubt);
    expect(restoreEvidence(JSON.parse(JSON.stringify(evidence)), plan)?.doubt).toEqual(evidence.doubt);
    const stood = { ...evidence, doubt: { seconds: STANDS } };
    expect(assess(stood, plan, MEASURED).verdict).not.toBe('hold');
    expect(assessCarried(carriedEvidence(stood, plan), plan, MEASURED).verdict).toBe(
      assess(stood, plan, MEASURED).verdict,
    );
    const t = (evidence.t ?? 0) + 15;
    const well = samples({ seed: 1, noise: 0, polls: 200 }).map(single);
    let after: Evidence = evidence;
    for (const [i, sample] of well.entries()) {
      const canary = { ...sample.canary, ratios: { errors: { events: 0, total: sample.canary.requests } } };
      after = observe(after, plan, reading({ ...sample, canary, t: t + 15 * i }), MEASURED);
    }
    expect(after.doubt).toBeUndefined();
  });
});

describe('a stop by a canary of one instance', () => {
  const doubted = (of: Plan, told: (sample: Sample) => Sample) =>
    many(10, (seed) => courseOf(worse(850 + seed).map(told), MEASURED, of)).filter(
      ({ doubt, stop }) => doubt !== null && (stop ?? Number.POSITIVE_INFINITY) > doubt,
    ).length;

  test('against three is in doubt as well', () => {
    expect(doubted(plan, three)).toBeGreaterThanOrEqual(5);
  });

  test('against two is where noise lasts from poll to poll, and where nobody has seen for hours that it does not', () => {
    const lasts = Array.from({ length: 7 }, (_, k) => 0.002 * 1.25 ** k);
    const stopped = (knots: readonly number[], of = plan) =>
      many(10, (seed) =>
        courseOf(worse(850 + seed).map(crowded), { ...AT, dispersion: { errors: knots } }, of),
      );
    const isDoubted = ({ doubt }: Course) => doubt !== null;
    expect(stopped(lasts).filter(isDoubted).length).toBeGreaterThanOrEqual(5);
    expect(stopped(lasts, analysed(1)).filter(isDoubted)).toEqual([]);
    // As it is measured over single polls, and no longer.
    expect(stopped(lasts.map(() => 0.002)).filter(isDoubted)).toEqual([]);
    expect(stopped([0.002, 0.002, 0.002]).filter(isDoubted).length).toBeGreaterThanOrEqual(5);
  });

  test('is in doubt where the plan says that it may be noisier, and is not where it says that it is alike', () => {
    for (const told of [crowded, (sample: Sample) => unknown(single(sample))])
      expect(doubted(analysed(5), told)).toBeGreaterThanOrEqual(5);
    expect(doubted(analysed(1), single)).toBe(0);
  });
});

describe('no stop is in doubt', () => {
  test('where the canary is one of two and noise is brief, or no instances are told', () => {
    for (const of of [crowded, (sample: Sample) => unknown(single(sample))])
      for (const course of many(10, (seed) => courseOf(worse(850 + seed).map(of))))
        expect(course).toEqual({ doubt: null, stop: expect.any(Number) });
  });
});

const halvesOf = ({ halves }: Sample): PollCounts => {
  const [one, two] = halves?.map(({ ratios }) => ratios['errors']) ?? [];
  return {
    canaryEvents: one?.events ?? 0,
    canaryTotal: one?.total ?? 0,
    baselineEvents: two?.events ?? 0,
    baselineTotal: two?.total ?? 0,
  };
};

describe('a canary of one instance that is twice as noisy as each of the ten of the baseline', () => {
  test('is not stopped for it, and was', { timeout: 60_000 }, () => {
    const noisy = { noise: 0.8 * Math.SQRT2, lasting: 0.8, baseline: { noise: 0.4, lasting: 0.8 } };
    const dispersion = measureDispersion(samples({ ...noisy, seed: 899, polls: 1920 }).map(halvesOf));
    const context = { ...AT, dispersion: { errors: dispersion ?? [] } };
    const courses = many(60, (seed) =>
      courseOf(samples({ ...noisy, seed: 900 + seed }).map(single), context),
    );
    expect(courses.filter(({ doubt }) => doubt !== null).length).toBeGreaterThanOrEqual(5);
    expect(courses.filter(({ stop }) => stop !== null).length).toBeLessThanOrEqual(1);
  });

  test('is not stopped by noise that lasts for minutes, of which nothing was read before', {
    timeout: 60_000,
  }, () => {
    const noisy = { noise: 0.8 * Math.SQRT2, lasting: 0.95, baseline: { noise: 0.4, lasting: 0.95 } };
    const courses = many(100, (seed) => courseOf(samples({ ...noisy, seed: 1000 + seed }).map(single), AT));
    expect(courses.filter(({ doubt }) => doubt !== null).length).toBeGreaterThanOrEqual(8);
    expect(courses.filter(({ stop }) => stop !== null).length).toBeLessThanOrEqual(2);
  });
});
