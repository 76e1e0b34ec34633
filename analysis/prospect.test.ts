import { describe, expect, test } from 'vitest';
import { assumedDispersion } from './dispersion.ts';
import { score } from './kernel.ts';
import { addPoll } from './process.ts';
import { evidenceOf } from './process-evidence.ts';
import { openProcess, openSegment, type Process } from './process-state.ts';
import { countCourse, firstReached, lnStage } from './prospect.ts';
import type { Ruler } from './ruler.ts';
import { countYardstick } from './yardstick.ts';

const counts = { canaryEvents: 2.25, canaryTotal: 150, baselineEvents: 14.25, baselineTotal: 2850 };

describe('the course of a stage whose polls are all alike', () => {
  test.each([
    { unit: 20, marks: 11, share: 1 / 4 },
    { unit: 2, marks: 39, share: 1 / 2 },
    { unit: 2.5, marks: 31, share: 1 / 3 },
  ])('is what the process itself makes of them: a mark every $unit polls', ({ share, ...lengths }) => {
    const stake = { share, start: 0.6 };
    const ruler: Ruler = { ...lengths, rule: 'carried', stakes: { even: stake, carried: stake } };
    const dispersion = assumedDispersion(0.3);
    const { y, V, Q, nH } = score(counts, 0.001);
    const yardsticks = [countYardstick(dispersion)];
    const course = countCourse({ counts, margin: 0.001, difference: 0.01, c: 0.95, dispersion });
    let process: Process = openSegment(openProcess(1), 0.95);
    for (let polls = 1; polls < (ruler.marks + 1) * ruler.unit; polls++) {
      process = addPoll(process, {
        stage: '0',
        ruler,
        scores: [[y, V, Q, y, V, Q, y, nH]],
        yardsticks: () => yardsticks,
      });
      expect(lnStage((age) => course(age, 0), ruler, polls)).toBeCloseTo(
        evidenceOf(process, yardsticks).lnE,
        9,
      );
    }
  });

  test('is lower, the further its sum stays behind what is expected', () => {
    const course = countCourse({
      counts,
      margin: 0.001,
      difference: 0.01,
      c: 0.95,
      dispersion: assumedDispersion(0.3),
    });
    expect(course(100, 1.28)).toBeLessThan(course(100, 0));
  });
});

test('the first poll that reaches a height is found exactly, and none beyond the last', () => {
  for (const wanted of [1, 2, 17, 240, 997])
    expect(firstReached((n) => n, { enough: wanted, most: 1000 })).toBe(wanted);
  expect(firstReached((n) => n, { enough: 1001, most: 1000 })).toBeNull();
  expect(firstReached((n) => n, { enough: 3, most: 1000, from: 12 })).toBe(12);
});
