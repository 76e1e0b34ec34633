import type { Path } from '../document.ts';
import { nearest } from '../nearest.ts';
import type { Plan } from '../plan.ts';
import { parseRange, timezoneKnown, type Windows } from '../windows.ts';
import type { Review } from './context.ts';

/** When the rollout and its stages may begin, and when it is to be over. */
export function reviewTiming(review: Review): void {
  const { plan } = review;
  const all: [Path, Windows | undefined][] = [
    [['windows'], plan.windows],
    ...plan.stages.map(({ windows }, index): [Path, Windows | undefined] => [
      ['stages', index, 'windows'],
      windows,
    ]),
  ];
  for (const [path, windows] of all)
    if (windows !== undefined && review.sound(path)) reviewWindows(review, path, windows);
  reviewDeadline(review);
  reviewRetry(review);
  reviewEarly(review);
}

function reviewWindows({ error, sound }: Review, at: Path, windows: Windows): void {
  if (!timezoneKnown(windows.timezone) && sound([...at, 'timezone'])) {
    const near = nearest(windows.timezone, Intl.supportedValuesOf('timeZone'));
    const instead = near === null ? 'a name such as Europe/Berlin or UTC' : `did you mean ${near}?`;
    error([...at, 'timezone'], {
      rule: 'PLAN-TIMEZONE',
      message: `there is no time zone "${windows.timezone}"`,
      instead,
    });
  }
  windows.allow.forEach((text, index) => {
    const path = [...at, 'allow', index];
    const range = parseRange(text);
    if (typeof range !== 'string' || !sound(path)) return;
    error(path, {
      rule: 'PLAN-WINDOW',
      message: range,
      instead: 'days and hours, such as "Mon-Thu 09:00-16:00" or "Sat,Sun 22:00-02:00"',
    });
  });
  windows.freezes.forEach(({ from, to }, index) => {
    const path = [...at, 'freezes', index];
    if (from <= to || !sound([...path, 'from']) || !sound([...path, 'to'])) return;
    error([...path, 'to'], {
      rule: 'PLAN-WINDOW',
      message: `the freeze ends before it begins on ${from}`,
      instead: `{ from: ${to}, to: ${from} }`,
    });
  });
  if (windows.bakeOutsideFreezes === true && windows.freezes.length === 0 && sound([...at, 'freezes']))
    error([...at, 'bakeOutsideFreezes'], {
      rule: 'PLAN-WINDOW',
      message: 'there is no freeze that a bake time could run into',
      instead: 'add `freezes:` beside it, or take it out',
      key: true,
    });
}

function reviewDeadline({ plan: { deadline, start }, error, sound }: Review): void {
  if (deadline === undefined || !sound(['deadline'])) return;
  const { at, after } = deadline;
  if ((at === undefined) === (after === undefined))
    error(['deadline'], {
      rule: 'PLAN-DEADLINE',
      message: at === undefined ? 'nothing says when it is' : 'both `at` and `after` are given',
      instead: 'one of them',
    });
  if (after !== undefined && after <= 0 && sound(['deadline', 'after']))
    error(['deadline', 'after'], {
      rule: 'PLAN-TIME',
      message: 'no time at all',
      instead: 'more than 0, such as 21d',
    });
  const early = at !== undefined && start !== undefined && Date.parse(at) <= Date.parse(start.at);
  if (early && sound(['deadline', 'at']) && sound(['start', 'at']))
    error(['deadline', 'at'], {
      rule: 'PLAN-DEADLINE',
      message: 'the rollout is to be over before it starts',
      instead: `later than ${start.at}`,
    });
}

function reviewRetry({ plan, error, sound }: Review): void {
  const { retry, soft } = plan.policy;
  const path = ['policy', 'retry'];
  if (retry === undefined || !sound(path)) return;
  if (soft !== 'step-back' && sound(['policy', 'soft']))
    error(path, {
      rule: 'PLAN-RETRY',
      message: `\`soft: ${soft}\` steps back by nothing`,
      instead: '`soft: step-back` beside it',
      key: true,
    });
  if (plan.reversibility === 'forward-only')
    error(path, {
      rule: 'PLAN-RETRY',
      message: 'a step back of a forward-only plan withdraws the canary until a person resumes',
      instead: 'take it out',
      key: true,
    });
}

function reviewEarly({ plan, error, sound }: Review): void {
  plan.stages.forEach(({ promote, bake }: Plan['stages'][number], index) => {
    const path = ['stages', index, 'promote', 'early'];
    if (promote?.early === undefined || promote.early < bake || !sound(path)) return;
    if (sound(['stages', index, 'bake']))
      error(path, {
        rule: 'PLAN-TIME',
        message: 'that is no sooner than the bake time',
        instead: 'less than `bake` (24h when none is given)',
      });
  });
}
