/**
 * Restarts of the evidence like the marks of a ruler: a regression that begins late is found as soon as an early
 * one, and a poll costs the same in week three as in hour one. `unit` is in polls, `marks` = ceil(planned/unit) - 1.
 */
export interface Ruler {
  unit: number;
  marks: number;
  /** By the plan; evidence that began by another goes on by that. */
  rule: Rule;
  stakes: Readonly<Record<Rule, Stake>>;
}

/** `even`: all stages begin with the same; `carried`: with a part of what is left or came back by then. */
export type Rule = 'even' | 'carried';

/** What a stage begins with: a share of all that there was, or of what is there. */
export interface Stake {
  share: number;
  /** The part of it that the component has which starts with the stage and never ends by itself; marks have the others. */
  start: number;
}

/** Planned length and unit in the same measure (seconds), poll step likewise. */
export function rulerOf(
  stage: { planned: number; unit: number; poll: number } & Pick<Ruler, 'rule' | 'stakes'>,
): Ruler {
  const unit = Math.max(stage.unit, stage.poll);
  return {
    unit: unit / stage.poll,
    marks: Math.max(0, Math.ceil(stage.planned / unit - 1e-9) - 1),
    rule: stage.rule,
    stakes: stage.stakes,
  };
}

/** What mark m = 1, 2, ... has of all that is for marks; beyond the planned marks in blocks that share a convergent series. */
export function markShare({ marks }: Ruler, m: number): number {
  const share = Math.sqrt(lowBit(m));
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
