/**
 * What a service does when nothing is wrong. The model, poll by poll of 15 s:
 *
 * - Requests of each instance are Poisson. With `shared`, their mean moves by 50 % over the day, at a phase of the seed.
 * - Bad events are Poisson at the requests times a rate. The rate is `base`, times what both cohorts share (`shared`: a
 *   second wave of 50 % over the day, a shock of CV 0.3 in each poll, and one incident of 10 minutes in which it is five
 *   times as high, somewhere in each four hours of the rollout and once in the day before), times the noise of the instance.
 * - Noise is a log-normal factor of mean 1 for each instance alone, drawn anew in each poll, or lasting: a Gaussian AR(1)
 *   in its logarithm. `cv` is that of one instance; the instances of a cohort have equal shares of its requests, and each
 *   of the baseline's halves has half of its instances.
 * - A regression adds to the canary's rate, before its noise and untouched by what both share.
 */
export interface Scenario {
  name: string;
  /** Requests per second of both cohorts. */
  requests: number;
  base: number;
  shared: boolean;
  /** Coefficient of variation of an instance's own noise, and its correlation from poll to poll. */
  cv: number;
  lasting: number;
  instances: { baseline: number; canary: number };
  /** How much noisier each instance of the canary is; absent: as one of the baseline's. */
  noisier?: number;
  /** A regression is that of this many instances of the canary, which have all of its events; absent: of all of them. */
  bad?: number;
  /** What the plan says of its analysis. */
  analysis?: Readonly<Record<string, unknown>>;
  /** Noise of the time before the rollout, where it was another. */
  before?: { cv: number; lasting: number };
}

const S0: Scenario = {
  name: 'S0',
  requests: 200,
  base: 0.005,
  shared: false,
  cv: 0,
  lasting: 0,
  instances: { baseline: 2, canary: 1 },
};
const S1: Scenario = { ...S0, name: 'S1', shared: true };
const S2: Scenario = { ...S1, name: 'S2', cv: 0.3 };
const few = { instances: { baseline: 10, canary: 2 }, cv: 0.3 * Math.SQRT2 };
const three = { ...few, instances: { baseline: 3, canary: 1 } };
const alike = { analysis: { canaryNoise: 1 } };
const lone = { ...few, instances: { baseline: 10, canary: 1 } };

/** Those of the method's own simulation. */
export const STANDARD: readonly Scenario[] = [
  S0,
  S1,
  S2,
  { ...S2, name: 'S2b', cv: 0.6 },
  { ...S2, name: 'S3', lasting: 0.8 },
  { ...S2, name: 'S3b', lasting: 0.95 },
  { ...S2, name: 'S4', base: 0.0005 },
  { ...S2, name: 'S5', base: 0.03 },
  { ...S2, name: 'S6', requests: 20 },
];

/**
 * Others: noise that lasts shorter, longer, or is stronger; halves that are noisier than the cohorts they stand for; a
 * canary of 2 instances against 10 of the same kind, noisier than the halves by which it is measured, and of 2 that are
 * each twice or 1.4 times as noisy, of one alone against two, three or ten, like the baseline's or twice as noisy, and of 2 of which one has the whole
 * regression; instances that are very noisy; a history that was calmer than the rollout; and, to tell what moving traffic costs, S2 at traffic and rates that stay the same.
 */
export const FURTHER: readonly Scenario[] = [
  { ...S2, name: 'A5', lasting: 0.5 },
  { ...S2, name: 'A99', lasting: 0.99 },
  { ...S2, name: 'A8b', lasting: 0.8, cv: 0.6 },
  { ...S2, name: 'A95b', lasting: 0.95, cv: 0.6 },
  { ...S2, name: 'H2', instances: { baseline: 2, canary: 2 }, cv: 0.3 * Math.SQRT2 },
  { ...S2, ...few, name: 'I0' },
  { ...S2, ...few, name: 'I8', lasting: 0.8 },
  { ...S2, ...few, name: 'I95', lasting: 0.95 },
  { ...S2, ...few, name: 'N0', noisier: 2 },
  { ...S2, ...few, name: 'N8', lasting: 0.8, noisier: 2 },
  { ...S2, ...few, name: 'M8', lasting: 0.8, noisier: 1.4 },
  { ...S2, name: 'V0', noisier: 2 },
  { ...S2, name: 'V5', lasting: 0.5, noisier: 2 },
  { ...S2, name: 'V8', lasting: 0.8, noisier: 2 },
  { ...S2, name: 'V95', lasting: 0.95, noisier: 2 },
  { ...S2, ...alike, name: 'S3b-', lasting: 0.95 },
  { ...S2, ...alike, name: 'V8-', lasting: 0.8, noisier: 2 },
  { ...S2, ...alike, name: 'V95-', lasting: 0.95, noisier: 2 },
  { ...S2, ...three, name: 'P8', lasting: 0.8 },
  { ...S2, ...three, name: 'W8', lasting: 0.8, noisier: 2 },
  { ...S2, ...three, name: 'W95', lasting: 0.95, noisier: 2 },
  { ...S2, ...lone, name: 'K0' },
  { ...S2, ...lone, name: 'K8', lasting: 0.8 },
  { ...S2, ...lone, name: 'L0', noisier: 2 },
  { ...S2, ...lone, name: 'L8', lasting: 0.8, noisier: 2 },
  { ...S2, ...lone, name: 'L95', lasting: 0.95, noisier: 2 },
  { ...S2, name: 'Q8', lasting: 0.8, cv: 0.85 },
  { ...S2, name: 'R8', lasting: 0.8, cv: 1.2 },
  { ...S2, name: 'R82', lasting: 0.8, cv: 1.2, instances: { baseline: 2, canary: 2 } },
  { ...S2, name: 'R810', lasting: 0.8, cv: 1.2, instances: { baseline: 10, canary: 2 } },
  { ...S2, ...few, name: 'B0', bad: 1 },
  { ...S2, ...few, name: 'B8', lasting: 0.8, bad: 1 },
  { ...S2, name: 'C2b', cv: 0.6, before: { cv: 0.3, lasting: 0 } },
  { ...S2, name: 'C3b', lasting: 0.95, before: { cv: 0, lasting: 0 } },
  { ...S2, name: 'T2', shared: false },
];

export const MEANING: Readonly<Record<string, string>> = {
  S0: 'independent',
  S1: 'drift, shared shocks, one shared 5x incident',
  S2: 'S1 and noise of each instance, CV 0.3: the canary is one, the baseline two',
  S2b: 'S2 with CV 0.6',
  S3: 'S2, the noise lasting: AR 0.8 per poll',
  S3b: 'S2, the noise lasting: AR 0.95 per poll',
  S4: 'S2 at a base of 0.05 %',
  S5: 'S2 at a base of 3 %',
  S6: 'S2 at 20 requests/s',
  A5: 'S2, AR 0.5',
  A99: 'S2, AR 0.99',
  A8b: 'S2b, AR 0.8',
  A95b: 'S2b, AR 0.95',
  H2: 'S2, 2 instances of each, CV 0.42: cohorts of CV 0.3, halves of CV 0.42',
  I0: 'S2, 10 baseline instances, 2 of the canary, each of CV 0.42',
  I8: 'I0, AR 0.8',
  I95: 'I0, AR 0.95',
  N0: 'I0, each of the canary instances of CV 0.85',
  N8: 'N0, AR 0.8',
  M8: 'I8, each of the canary instances of CV 0.59',
  V0: 'S2, the canary of CV 0.6',
  V5: 'V0, AR 0.5',
  V8: 'S3, the canary of CV 0.6',
  V95: 'S3b, the canary of CV 0.6',
  'S3b-': 'S3b, the plan with analysis.canaryNoise: 1',
  'V8-': 'V8, the plan with analysis.canaryNoise: 1',
  'V95-': 'V95, the plan with analysis.canaryNoise: 1',
  P8: 'K8 with 3 baseline instances',
  W8: 'P8, the canary of CV 0.85',
  W95: 'W8, AR 0.95',
  K0: 'I0, but the canary is one instance',
  K8: 'K0, AR 0.8',
  L0: 'K0, the canary of CV 0.85',
  L8: 'L0, AR 0.8',
  L95: 'L0, AR 0.95',
  Q8: 'S2 with CV 0.85, AR 0.8',
  R8: 'S2 with CV 1.2, AR 0.8',
  R82: 'R8, 2 instances of each',
  R810: 'R8, 10 baseline instances, 2 of the canary',
  B0: 'I0, one of the two canary instances has the whole regression',
  B8: 'B0, AR 0.8',
  C2b: 'S2b, but its history is that of S2',
  C3b: 'S3b, but its history is that of S1',
  T2: 'S2 without what both cohorts share: no drift, no shocks, no incident',
};

export function scenarioOf(name: string): Scenario {
  const found = [...STANDARD, ...FURTHER].find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no scenario ${name}.`);
  return found;
}
