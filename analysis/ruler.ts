/**
 * Restarts of the evidence like the marks of a ruler: a regression that begins late is found as soon as an early
 * one, and a poll costs the same in week three as in hour one. `unit` is in polls, `marks` = ceil(planned/unit) - 1.
 */
export interface Ruler {
  unit: number;
  marks: number;
  stake: Stake;
}

/** What a stage begins with: `even`: this share of all that there was; `carried`: of what is left or came back by then. */
export interface Stake {
  rule: 'even' | 'carried';
  share: number;
}

/** Planned length and unit in the same measure (seconds), poll step likewise. */
export function rulerOf(stage: { planned: number; unit: number; poll: number; stake: Stake }): Ruler {
  const unit = Math.max(stage.unit, stage.poll);
  return {
    unit: unit / stage.poll,
    marks: Math.max(0, Math.ceil(stage.planned / unit - 1e-9) - 1),
    stake: stage.stake,
  };
}

/** Of a stage's stake what the component has that starts with the stage and never ends by itself. */
export const START_SHARE = 0.5;

/** Of a stage's stake what mark m = 1, 2, ... has; beyond the planned marks in blocks that share a convergent series. */
export function markShare({ marks }: Ruler, m: number): number {
  const share = (1 - START_SHARE) * Math.sqrt(lowBit(m));
  if (m <= marks) return (0.9 * share) / rootSum(1, marks);
  const x = Math.floor(m / (marks + 1));
  const first = x * (marks + 1);
  return ((0.1 / (x * (x + 1))) * share) / rootSum(first, first + marks);
}

/** The last age in polls at which mark m is still updated. */
export function markLife(ruler: Ruler, m: number): number {
  return 16 * ruler.unit * lowBit(m);
}

/** The marks that start with the stage's poll number `index` (from 0). */
export function marksAt(ruler: Ruler, index: number): number[] {
  const first = Math.floor((index - 1) / ruler.unit + 1e-9) + 1;
  const last = Math.floor(index / ruler.unit + 1e-9);
  const marks: number[] = [];
  for (let m = Math.max(1, first); m <= last; m++) marks.push(m);
  return marks;
}

/** The largest power of two that divides m. */
function lowBit(m: number): number {
  let power = 1;
  while (m % (power * 2) === 0) power *= 2;
  return power;
}

function rootSum(first: number, last: number): number {
  let sum = 0;
  for (let i = first; i <= last; i++) sum += Math.sqrt(lowBit(i));
  return sum;
}
