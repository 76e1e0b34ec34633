import { describe, expect, it } from 'vitest';
import {
  ask,
  askOurs,
  BY_USER_ID,
  CONTEXTS,
  documentAt,
  FLAG,
  findEvaluator,
  LEASES,
  WAY,
} from '../fixtures/foreign.ts';
import { RULED_CONTEXTS, RULED_FLAGS, ruledDocument } from '../fixtures/foreign-rules.ts';

const evaluator = await findEvaluator('go');
const skipped = 'skipped' in evaluator ? evaluator.skipped : '';

describe.skipIf(skipped !== '')(`flagd's Go core 0.16.1${skipped && ` (skipped: ${skipped})`}`, () => {
  it('gives every key the variant that ours gives', async () => {
    const job = {
      flag: FLAG,
      contexts: CONTEXTS,
      encode: ['targetingKey', 'userId'],
      documents: [
        ...[...new Set(WAY)].map((percent) => documentAt({ percent })),
        ...LEASES.map((lease) => documentAt({ percent: 25 }, { lease })),
        ...[0.01, 25].map((percent) => documentAt({ percent, segments: ['named'] }, BY_USER_ID)),
      ],
    };
    const theirs = await ask(evaluator, job);
    for (const [index, ours] of askOurs(job).entries()) {
      const differ = CONTEXTS.filter((_, at) => ours[at] !== theirs[index]?.[at]);
      expect(differ).toEqual([]);
      expect(ours).toContain('on');
    }
  }, 240_000);

  it.each(RULED_FLAGS)(
    'follows rules, shared segments and prerequisites as ours does: %s',
    async (flag) => {
      const document = ruledDocument();
      // What several flags share stands once, and is referred to.
      expect(document).toContain('"$ref":"business"');
      const job = {
        flag,
        contexts: RULED_CONTEXTS,
        encode: ['targetingKey', 'country'],
        documents: [document],
      };
      const [theirs = []] = await ask(evaluator, job);
      const [ours = []] = askOurs(job);
      expect(RULED_CONTEXTS.filter((_, at) => ours[at] !== theirs[at])).toEqual([]);
      expect(new Set(ours)).toEqual(new Set(['on', 'off']));
    },
    240_000,
  );

  it('would not, for keys beyond ASCII that nobody encodes', async () => {
    const job = { flag: FLAG, contexts: CONTEXTS, encode: [], documents: [documentAt({ percent: 50 })] };
    const [theirs = []] = await ask(evaluator, job);
    const [ours = []] = askOurs(job);
    expect(CONTEXTS.filter((_, at) => ours[at] !== theirs[at]).length).toBeGreaterThan(300);
  }, 240_000);
});
