import { PassThrough, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { ask } from './ask.ts';

/** A person who types the next line once the next question is on the screen. */
function person(lines: readonly string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const waiting = [...lines];
  let shown = '';
  const output = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        shown += String(chunk);
        done();
      },
    }),
    { isTTY: true, columns: 80, rows: 40 },
  );
  const typing = setInterval(() => {
    const next = waiting[0];
    if (next === undefined) return clearInterval(typing);
    const [question = '', answer = ''] = next.split(' => ');
    if (!shown.includes(question)) return;
    waiting.shift();
    shown = '';
    for (const key of answer) input.write(key);
    input.write('\r');
  }, 5);
  return { input, output };
}

const known = {
  flag: 'a',
  service: 'shop',
  risk: 'low',
  reversibility: 'reversible',
  migration: 'no',
  owner: 'team',
  ticket: 'T-1',
  expires: '2027-06-30',
};

it('asks what is not answered yet, again where an answer does not fit', async () => {
  const { input, output } = person([
    'Name of the rollout => checkout-v2',
    'Users a day => many',
    'a whole number above 0 => \u007f\u007f\u007f\u007f700',
    'Requests a second => 20',
  ]);
  const answers = await ask(new Map(Object.entries(known)), { input, output, today: '2026-11-21' });
  expect(Object.fromEntries(answers ?? [])).toEqual({
    ...known,
    name: 'checkout-v2',
    users: '700',
    traffic: '20',
  });
});

it('ends where the person leaves', async () => {
  const { input, output } = person(['Name of the rollout => \u0003']);
  const rest = { ...known, users: '700', traffic: '20' };
  expect(await ask(new Map(Object.entries(rest)), { input, output, today: '2026-11-21' })).toBeNull();
});
