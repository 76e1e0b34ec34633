import { expect, test } from 'vitest';
import { readSelector } from './selector.ts';

test.each([
  ['', null, null],
  [' staging ', 'staging', null],
  ['flagSetId=staging', 'staging', null],
  ['environment = staging', 'staging', null],
  ['flagSetId=staging,token=t', 'staging', 't'],
  ['environment=staging,flagSetId=staging', 'staging', null],
  ['token=t', null, 't'],
  ['token=a=b', null, 'a=b'],
])('“%s” is understood', (text, environment, token) => {
  expect(readSelector(text)).toEqual({ environment, token });
});

test.each([
  'source=file',
  'flagSetId=',
  'flagSetId=a,b',
  'flagSetId=a,environment=b',
  'a,b',
  'token=t,token=t',
  ',',
  'constructor=a',
])('“%s” is not', (text) => {
  expect(readSelector(text)).toBeNull();
});
