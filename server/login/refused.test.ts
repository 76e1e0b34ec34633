import { expect, test } from 'vitest';
import { Failure } from '../../plans/failures.ts';
import { problemOf } from '../problem.ts';
import { refusedPage, wantsPage } from './refused.ts';

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['text/html', true],
  ['TEXT/HTML; q=0.5, application/json; q=0.4', true],
  ['application/json, text/html;q=0.9', false],
  ['application/problem+json, text/html;q=0.5', false],
  ['text/html;q=0, */*', false],
  ['*/*', false],
  ['application/json', false],
  ['', false],
  [undefined, false],
])('Accept: %s: a page %s', (accept, page) => {
  expect(wantsPage(accept)).toBe(page);
});

test('what an identity provider says is text and never markup or a template', () => {
  const bad = '<script>alert(1)</script>{{ 7 * 7 }}';
  const problem = problemOf(new Failure('LOGIN_FAILED', bad, { details: [bad] }));
  const page = refusedPage(problem, { to: '/"><img src=x>', now: 0 });
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}');
});
