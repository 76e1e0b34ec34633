import { REGIONS, type Region } from './catalogue.ts';
import { logNormal, random } from './random.ts';

export interface Visitor {
  id: string;
  email: string;
  region: Region;
}

export const USERS = 20_000;
/** Every 50th user is an employee: 2 %. */
const EMPLOYEE_EVERY = 50;
/** How unequal users are: the most active tenth makes about a third of the visits. */
const ACTIVITY_SIGMA = 1;
/** Share of the users per region, in the order of the regions. */
const REGION_SHARES = [0.45, 0.15, 0.3, 0.1];

/**
 * The shop's users, the same ones for the same seed. `pick(u)` takes a number in [0, 1) to a user, each as often as
 * they are active. Employees behave like everybody else and are told by their address alone.
 */
export function population(seed: number, size = USERS): { pick(u: number): Visitor } {
  const draw = random(seed);
  const upTo = new Float64Array(size);
  let sum = 0;
  for (let i = 0; i < size; i++) {
    sum += logNormal(draw, { median: 1, sigma: ACTIVITY_SIGMA });
    upTo[i] = sum;
  }
  return { pick: (u) => visitor(firstAbove(upTo, u * sum)) };
}

function visitor(index: number): Visitor {
  const employee = index % EMPLOYEE_EVERY === 7;
  const id = `user-${index}`;
  return { id, email: `${id}@${employee ? 'example.com' : 'mail.test'}`, region: regionOf(index) };
}

function regionOf(index: number): Region {
  // Golden-ratio steps spread neighbouring numbers evenly over [0, 1).
  const u = (index * 0.6180339887498949) % 1;
  let share = 0;
  for (const [i, region] of REGIONS.entries()) {
    share += REGION_SHARES[i] ?? 0;
    if (u < share) return region;
  }
  return REGIONS[0];
}

/** The first index whose value is larger than `value`; the values ascend. */
function firstAbove(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? Number.POSITIVE_INFINITY) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
