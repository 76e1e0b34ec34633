import { expect, test } from 'vitest';
import { readSelector, selected } from './selector.ts';

test.each([
  ['', null, null, null],
  [' staging ', 'staging', null, null],
  ['flagSetId=staging', 'staging', null, null],
  ['environment = staging', 'staging', null, null],
  ['flagSetId=staging,token=t', 'staging', null, 't'],
  ['environment=staging,flagSetId=staging', 'staging', null, null],
  ['environment=staging,flagSetId=checkout', 'staging', 'checkout', null],
  ['flagSetId=checkout,staging,token=t', 'staging', 'checkout', 't'],
  ['token=t', null, null, 't'],
  ['token=a=b', null, null, 'a=b'],
])('“%s” is understood', (text, environment, flagSet, token) => {
  const selector = readSelector(text);
  expect(selector).toMatchObject({ token });
  expect(selector && selected(selector)).toEqual({ environment, flagSet });
});

test('an address that names the environment leaves the flag set to the selector', () => {
  const address = { environment: 'staging', flagSetId: null };
  const of = (text: string) => selected(readSelector(text) ?? { environment: '?', flagSetId: '?' }, address);
  expect(of('flagSetId=checkout')).toEqual({ environment: 'staging', flagSet: 'checkout' });
  expect(of('flagSetId=staging')).toEqual({ environment: 'staging', flagSet: null });
  expect(of('')).toEqual({ environment: 'staging', flagSet: null });
});

test.each([
  'source=file',
  'flagSetId=',
  'flagSetId=a,flagSetId=a',
  'a,b',
  'a,environment=b',
  'token=t,token=t',
  ',',
  'constructor=a',
])('“%s” is not', (text) => {
  expect(readSelector(text)).toBeNull();
});
