import { setTimeout as wait } from 'node:timers/promises';
import { logNormal, random } from './random.ts';

/** The warehouse or the payment provider behind a path did not answer. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
}

/** Share of calls that the upstream fails, on both paths alike. */
export const FAILURE_RATE = 0.004;

/** Median milliseconds per endpoint; the spread gives a p95 of about twice the median. */
const MEDIAN: Readonly<Record<string, number>> = {
  'GET /products': 14,
  'GET /products/:id': 9,
  'POST /cart': 11,
  'POST /checkout': 18,
  'GET /orders': 10,
};
const SIGMA = 0.42;
const SLOWEST = 80;

/** A call to a service that the shop does not own: it takes time and sometimes fails. */
export function upstream(seed: number): (endpoint: string) => Promise<void> {
  const draw = random(seed);
  return async (endpoint) => {
    const fails = draw() < FAILURE_RATE;
    const milliseconds = logNormal(draw, { median: MEDIAN[endpoint] ?? 10, sigma: SIGMA });
    await wait(Math.min(SLOWEST, milliseconds));
    if (fails) throw new UpstreamFailure('The upstream service did not answer.');
  };
}
