import type { Count, Sample } from '../plans/sample.ts';
import { poisson, randomOf } from './traffic.fixture.ts';

export const STAGES = [{ name: '25%', percent: 25, bake: '1h', minRequests: 0 }];
const REQUESTS = 3000;
const RATE = 0.005;

export interface Of {
  seed: number;
  polls?: number;
  /** Coefficient of variation of one instance of the canary; of the baseline's ten it is 0.1, drawn anew in each poll. */
  noise: number;
  baseline?: { noise: number; lasting: number };
  lasting?: number;
  /** Of all requests, in percent; absent: the stage of 25 %. */
  percent?: number;
  /** By how much each of the canary's instances is worse, from poll `from` on. */
  extra?: readonly [number, number];
  from?: number;
}

/** Polls of ten baseline instances in two halves, and of two canary instances. */
export function samples(of: Of): Sample[] {
  const random = randomOf(of.seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const instance = (noise: number, lasting: number) => {
    let state = gauss();
    return (requests: number, rate: number): Count => {
      state = lasting * state + Math.sqrt(1 - lasting ** 2) * gauss();
      const total = poisson(random, requests);
      return {
        events: Math.min(total, poisson(random, total * rate * Math.exp(noise * state - noise ** 2 / 2))),
        total,
      };
    };
  };
  const cohort = (count: Count) => ({ requests: count.total, ratios: { errors: count }, histograms: {} });
  const plus = (a: Count, b: Count): Count => ({ events: a.events + b.events, total: a.total + b.total });
  const { percent = 25 } = of;
  const [ofBaseline, ofCanary] = [(REQUESTS * (100 - percent)) / 200, (REQUESTS * percent) / 200];
  const { noise, lasting } = of.baseline ?? { noise: 0.1, lasting: 0 };
  const half = () => instance(noise / Math.sqrt(5), lasting);
  const halves = [half(), half()] as const;
  const canaries = [instance(of.noise, of.lasting ?? 0), instance(of.noise, of.lasting ?? 0)] as const;
  return Array.from({ length: of.polls ?? 240 }, (_, i) => {
    const [one, two] = [halves[0](ofBaseline, RATE), halves[1](ofBaseline, RATE)];
    const worse = (k: 0 | 1) => (i >= (of.from ?? 0) ? (of.extra?.[k] ?? 0) : 0);
    const [three, four] = [canaries[0](ofCanary, RATE + worse(0)), canaries[1](ofCanary, RATE + worse(1))];
    return {
      stage: `${percent}%`,
      t: 15 * (i + 1),
      baseline: cohort(plus(one, two)),
      canary: cohort(plus(three, four)),
      halves: [cohort(one), cohort(two)],
      canaryHalves: [cohort(three), cohort(four)],
      instances: { baseline: 10, canary: 2 },
    };
  });
}

/** The same polls as of a canary of one instance, which nobody can measure. */
export const single = ({ canaryHalves: _halves, ...others }: Sample): Sample => ({
  ...others,
  instances: { baseline: 10, canary: 1 },
});

export const many = <T>(n: number, one: (seed: number) => T) =>
  Array.from({ length: n }, (_, seed) => one(seed));
