import { describe, expect, test } from 'vitest';
import { addPoll, evidenceOf, openProcess, openSegment, type Process, restartProcess } from './process.ts';
import type { Ruler } from './ruler.ts';
import type { Totals } from './totals.ts';
import { ZERO } from './totals.ts';
import { countYardstick } from './yardstick.ts';

const yardsticks = [countYardstick(() => 0)];
/** A fair bet: one event with this chance, centred; its variance is all that counting adds. */
const CHANCE = 0.1;

function flip(event: boolean): Totals {
  const [y, V] = [(event ? 1 : 0) - CHANCE, CHANCE * (1 - CHANCE)];
  return [y, V, 0, y, V, 0, y, 1];
}

function poll(
  process: Process,
  at: { stage: number; stake: Stakes; scores?: Totals; marks?: number },
): Process {
  const { stage, stake, scores = ZERO, marks = 2 } = at;
  return addPoll(process, {
    stage: String(stage),
    ruler: { unit: 1, marks, ...stake },
    scores: [scores],
    yardsticks: () => yardsticks,
  });
}

type Stakes = Pick<Ruler, 'rule' | 'stakes'>;

const EVEN = { share: 0.25, start: 0.5 };
const even: Stakes = { rule: 'even', stakes: { even: EVEN, carried: { share: 0.4, start: 0.7 } } };

function carried(share: number, start = 0.5): Stakes {
  return { rule: 'carried', stakes: { even: EVEN, carried: { share, start } } };
}

const lnE = (process: Process) => evidenceOf(process, yardsticks).lnE;

describe('evidence that is carried from stage to stage', () => {
  /**
   * Every course that three stages of three polls can take. The share of each next stage, and whether it is entered at all,
   * follow the data as unfavourably as a rule of two lines can: what is known before a stage may choose its share.
   */
  test('is worth one on the average, whatever stages the data choose', () => {
    const average = (process: Process, left: number, last: boolean): number => {
      if (left === 0) return Math.exp(lnE(process));
      const polled = 9 - left;
      const stage = polled < 3 ? 0 : last && polled < 6 ? 1 : Math.floor(polled / 3) + (last ? 0 : 4);
      const opened = polled % 3 === 0 ? openSegment(process, 1 - CHANCE) : process;
      const stake = carried(last ? 1 : 0.4, last ? 0.75 : 0.5);
      return [true, false].reduce((sum, event) => {
        const next = poll(opened, { stage, stake, scores: flip(event) });
        return sum + (event ? CHANCE : 1 - CHANCE) * average(next, left - 1, event);
      }, 0);
    };
    const mean = average(openProcess(1), 9, false);
    expect(mean).toBeLessThanOrEqual(1 + 1e-12);
    // Not by betting nothing.
    expect(mean).toBeGreaterThan(0.9);
  });

  test('is neither won nor lost where a stage begins', () => {
    let process = openProcess(1);
    for (let stage = 0; stage < 40; stage++) {
      process = openSegment(process, 0.9);
      const before = lnE(process);
      process = poll(process, { stage, stake: carried(0.6) });
      expect(lnE(process)).toBeCloseTo(before, 10);
      for (let i = 0; i < 6; i++)
        process = poll(process, { stage, stake: carried(0.6), scores: flip(false) });
      expect(process.purse).toBeGreaterThan(0);
      expect(process.purse).toBeLessThanOrEqual(1);
    }
    expect(process.live.length).toBeLessThan(10);
  });

  test('never stakes more than there is: stages that are added, entered again and held for long', () => {
    let process = openProcess(1);
    for (const stage of [0, 1, 2, 1, 0, 2, 3, 4, 5, 3]) {
      process = openSegment(process, 0.9);
      // A plan that is amended to a longer or a shorter stage has other marks.
      for (let i = 0; i < 12; i++)
        process = poll(process, { stage, stake: carried(1, 0.75), marks: (7 * stage + i) % 9 });
      expect(process.purse).toBeGreaterThanOrEqual(0);
      expect(lnE(process)).toBeCloseTo(0, 9);
    }
  });

  test('keeps what speaks against the build, and gives the next stage what a quiet one left', () => {
    const after = (event: boolean) => {
      let process = openSegment(openProcess(1), 0.9);
      for (let i = 0; i < 6; i++)
        process = poll(process, { stage: 0, stake: carried(0.8), scores: flip(event) });
      const before = lnE(process);
      const next = poll(openSegment(process, 0.75), { stage: 1, stake: carried(1) });
      expect(lnE(next)).toBeCloseTo(before, 10);
      return next;
    };
    const [quiet, bad] = [after(false), after(true)];
    // Nothing has won: all of it begins anew.
    expect(quiet.live.every(({ segment }) => segment === 1)).toBe(true);
    expect(quiet.stakes['1']).toBeGreaterThan(0.21);
    // Its first component has won and goes on.
    expect(bad.live[0]).toMatchObject({ start: 0, segment: 0 });
    expect(bad.stakes['1']).toBeLessThan(0.25);
  });

  test('begins again with all of it after a difference was accepted, by the same rule', () => {
    let process = openSegment(openProcess(1), 0.9);
    for (let i = 0; i < 6; i++)
      process = poll(process, { stage: 0, stake: carried(0.8), scores: flip(false) });
    const again = poll(restartProcess(process), { stage: 0, stake: even });
    expect(again.rule).toBe('carried');
    expect(again.stakes).toEqual({ 0: 0.4 });
  });
});

describe('evidence that is shared evenly', () => {
  test('goes on so, whatever a later plan says', () => {
    const run = (later: Stakes) => {
      let process = openSegment(openProcess(1), 0.9);
      for (let i = 0; i < 6; i++) process = poll(process, { stage: 0, stake: even, scores: flip(i > 3) });
      process = openSegment(process, 0.75);
      for (let i = 0; i < 6; i++) process = poll(process, { stage: 1, stake: later, scores: flip(true) });
      return process;
    };
    expect(run(carried(0.4, 0.7))).toEqual(run(even));
    expect(run(even).live[0]).toMatchObject({ w: 0.125, segment: 0 });
  });
});
