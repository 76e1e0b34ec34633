import { expect, it } from 'vitest';
import { createSyncTokens } from './sync-tokens.ts';

it('hands back the newest token of each id, and nothing before the first', () => {
  const tokens = createSyncTokens();
  const take = (text: string) => tokens.take(new Headers({ 'sync-token': text }));
  expect(tokens.header()).toEqual({});
  take('jtqGc1I4=MDoyOA==;sn=28');
  expect(tokens.header()).toEqual({ 'sync-token': 'jtqGc1I4=MDoyOA==' });
  take('jtqGc1I4=MDoyNw==;sn=27, other=Zm9v;sn=1');
  expect(tokens.header()).toEqual({ 'sync-token': 'jtqGc1I4=MDoyOA==,other=Zm9v' });
  take('jtqGc1I4=MDoyOQ==;sn=29');
  tokens.take(new Headers());
  take('nonsense, =;sn=3, a=b;sn=x');
  expect(tokens.header()).toEqual({ 'sync-token': 'jtqGc1I4=MDoyOQ==,other=Zm9v' });
});
