import { describe, expect, it } from 'vitest';
import {
  ask,
  askOurs,
  BY_USER_ID,
  documentAt,
  FLAG,
  findEvaluator,
  LEASES,
  SOME,
} from '../fixtures/foreign.ts';

const evaluator = await findEvaluator('python');
const skipped = 'skipped' in evaluator ? evaluator.skipped : '';

describe.skipIf(skipped !== '')(`flagd's Python provider 0.5.2${skipped && ` (skipped: ${skipped})`}`, () => {
  it('gives every key the variant that ours gives', async () => {
    const job = {
      flag: FLAG,
      contexts: SOME,
      encode: ['targetingKey', 'userId'],
      documents: [
        ...[1, 25].map((percent) => documentAt({ percent })),
        ...LEASES.map((lease) => documentAt({ percent: 25 }, { lease })),
        ...[5].map((percent) => documentAt({ percent, segments: ['named'] }, BY_USER_ID)),
      ],
    };
    const theirs = await ask(evaluator, job);
    for (const [index, ours] of askOurs(job).entries()) {
      const differ = SOME.filter((_, at) => ours[at] !== theirs[index]?.[at]);
      expect(differ).toEqual([]);
      expect(ours).toContain('on');
    }
  }, 240_000);

  it('would not, for keys beyond ASCII that nobody encodes', async () => {
    const job = { flag: FLAG, contexts: SOME, encode: [], documents: [documentAt({ percent: 50 })] };
    const [theirs = []] = await ask(evaluator, job);
    const [ours = []] = askOurs(job);
    expect(SOME.filter((_, at) => ours[at] !== theirs[at]).length).toBeGreaterThan(100);
  }, 240_000);
});
