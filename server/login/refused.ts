import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import type { FailureCode } from '../../plans/failures.ts';
import { clock } from '../../plans/words.ts';
import type { Problem } from '../api.ts';

const environment = new nunjucks.Environment(
  new nunjucks.FileSystemLoader(fileURLToPath(new URL('.', import.meta.url))),
  { autoescape: true, throwOnUndefined: true },
);

/** What a browser may do with the page: show it. No script runs in it and nothing is loaded. */
export const REFUSED_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

interface Words {
  title: string;
  /** What a person can do, who knows nothing of tidegate.yaml. */
  advice: string;
  retry: string;
}

const WORDS: Partial<Record<FailureCode, Words>> = {
  NO_ROLE: {
    title: 'You are known, and may do nothing here yet',
    advice:
      'Ask whoever runs Tidegate to give one of your groups a role (auth.groups in tidegate.yaml), or to put you into a group that has one. Then log in again.',
    retry: 'Log in again',
  },
  LOGIN_FAILED: {
    title: 'The login did not work',
    advice:
      'Try once more, in one window and within ten minutes. If it fails again, show this page to whoever runs Tidegate.',
    retry: 'Try again',
  },
  IDENTITY_UNREACHABLE: {
    title: 'The login does not answer',
    advice:
      'Wait a minute and try again. Whoever is logged in stays so, and an API token works meanwhile: rollouts can be stopped with it.',
    retry: 'Try again',
  },
  ROUTE_UNKNOWN: {
    title: 'There is no such login here',
    advice: 'Log in with an API token. Whoever runs Tidegate gives you one.',
    retry: 'To the first page',
  },
};

const OTHER: Words = {
  title: 'The login did not work',
  advice: 'Try again in a minute. If it fails again, show this page to whoever runs Tidegate.',
  retry: 'Try again',
};

/** A refused login for people. `to`: the path that they wanted. The template escapes every text. */
export function refusedPage(problem: Problem, { to, now }: { to: string; now: number }): string {
  const words = WORDS[problem.code as FailureCode] ?? OTHER;
  const again = problem.code === 'ROUTE_UNKNOWN' ? '/' : `/login?to=${encodeURIComponent(to)}`;
  return environment.render('refused.html.njk', { ...words, problem, again, at: `${clock(now)} UTC` });
}

/** Whether the reader would rather have a page than JSON. Programs that say nothing, or anything, get JSON. */
export function wantsPage(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((one) => one.startsWith('q='))?.slice(2);
    return { type, q: quality === undefined ? 1 : Number(quality) || 0 };
  });
  const best = (...types: string[]) =>
    Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map(({ q }) => q));
  const page = best('text/html', 'application/xhtml+xml');
  return page > 0 && page >= best('application/json', 'application/problem+json');
}
