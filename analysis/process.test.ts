import { describe, expect, test } from 'vitest';
import { addPoll } from './process.ts';
import { evidenceOf, lnFirmOf } from './process-evidence.ts';
import { openProcess, openSegment, type Process, restartProcess } from './process-state.ts';
import type { Ruler } from './ruler.ts';
import type { Totals } from './totals.ts';
import { ZERO } from './totals.ts';
import type { Yardstick } from './yardstick.ts';
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

describe('the evidence that a stop at once must stand', () => {
  const [usual, large] = [() => 0.5, () => 4];
  const both = [countYardstick(usual, { firm: large })];
  const scores = (i: number): Totals => {
    const y = ((7 * i) % 5) - 2 + (i > 60 ? 2 : 0);
    return [y, 2, 1, y, 2, 1, y, 1];
  };
  function run(by: Yardstick[], stake: Stakes, polls = 150): Process {
    let process = openProcess(1);
    for (let i = 0; i < polls; i++) {
      if (i % 50 === 0) process = openSegment(process, 0.9);
      process = addPoll(process, {
        stage: String(Math.floor(i / 50)),
        ruler: { unit: 1, marks: 49, ...stake },
        scores: [scores(i)],
        yardsticks: () => by,
      });
    }
    return process;
  }

  test('is that of the larger noise, also of what has ended, where stakes do not depend on it', () => {
    const [firm, alone] = [run(both, even), run([countYardstick(large)], even)];
    expect(firm.tracks[0]?.lnFrozenFirm).not.toBeNull();
    expect(lnFirmOf(firm, both)).toBeCloseTo(evidenceOf(alone, [countYardstick(large)]).lnE, 10);
    expect(lnFirmOf(firm, both)).toBeLessThan(evidenceOf(firm, both).lnE - 1);
  });

  test('changes nothing else', () => {
    const { firmPurse: _purse, tracks, ...others } = run(both, carried(0.6));
    const plain = run([countYardstick(usual)], carried(0.6));
    expect({ ...others, tracks: tracks.map(({ lnFrozenFirm: _frozen, ...track }) => track) }).toEqual(plain);
    expect(lnFirmOf(plain, [countYardstick(usual)])).toBeCloseTo(
      evidenceOf(plain, [countYardstick(usual)]).lnE,
      12,
    );
  });

  test('is worth one on the average as well, with stakes that the usual noise settles', () => {
    const yardstick = [countYardstick(() => 0, { firm: () => 3 })];
    const score = (event: boolean): Totals => {
      const [y, V] = [(event ? 1 : 0) - CHANCE, CHANCE * (1 - CHANCE)];
      return [y, V, V, y, V, V, y, 1];
    };
    const average = (process: Process, left: number): number => {
      if (left === 0) return Math.exp(lnFirmOf(process, yardstick));
      const polled = 9 - left;
      const opened = polled % 3 === 0 ? openSegment(process, 1 - CHANCE) : process;
      return [true, false].reduce((sum, event) => {
        const next = addPoll(opened, {
          stage: String(Math.floor(polled / 3)),
          ruler: { unit: 1, marks: 2, ...carried(0.5) },
          scores: [score(event)],
          yardsticks: () => yardstick,
        });
        return sum + (event ? CHANCE : 1 - CHANCE) * average(next, left - 1);
      }, 0);
    };
    expect(average(openProcess(1), 9)).toBeLessThanOrEqual(1 + 1e-12);
  });

  test('of evidence that was written before goes on from what that was', () => {
    const before = run([countYardstick(usual)], carried(0.6), 100);
    let process = JSON.parse(JSON.stringify(before)) as Process;
    for (let i = 100; i < 150; i++)
      process = addPoll(process, {
        stage: '1',
        ruler: { unit: 1, marks: 49, ...carried(0.6) },
        scores: [scores(i)],
        yardsticks: () => both,
      });
    expect(process.firmPurse).toBeDefined();
    expect(Number.isFinite(lnFirmOf(process, both))).toBe(true);
    expect(lnFirmOf(process, both)).toBeLessThanOrEqual(evidenceOf(process, both).lnE);
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
