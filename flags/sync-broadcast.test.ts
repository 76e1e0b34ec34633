import { expect, it } from 'vitest';
import { openAccess } from './access.ts';
import type { FlagService } from './service.ts';
import { createBroadcast } from './sync-broadcast.ts';

const ENVIRONMENT = 'production';

/** A service whose document is what the test says. */
function service() {
  let document = { version: 'v0', text: '"v0"' };
  let tell: (environment: string, stops: boolean) => void = () => undefined;
  const made = {
    document: () => document,
    subscribe(listener: typeof tell) {
      tell = listener;
      return () => undefined;
    },
  } as unknown as FlagService;
  return {
    made,
    change(version: string, stops: boolean) {
      document = { version, text: JSON.stringify(version) };
      tell(ENVIRONMENT, stops);
    },
  };
}

/** A client whose connection takes a message when the test says so. */
function client() {
  const got: string[] = [];
  let taken: () => void = () => undefined;
  return {
    got,
    take: () => taken(),
    made: {
      environment: ENVIRONMENT,
      flagSet: null,
      tokenId: null,
      peer: 'here',
      send({ bytes }: { bytes: Buffer }, done: () => void) {
        got.push(/v\d+/.exec(bytes.toString())?.[0] ?? '');
        taken = done;
      },
      end: () => undefined,
    },
  };
}

it('sends what stops a flag at once, also to a client that was still taking another message', () => {
  const flags = service();
  const broadcast = createBroadcast(flags.made, openAccess, { stalledMs: 60_000, cut: () => undefined });
  const [idle, busy] = [client(), client()];
  for (const each of [idle, busy]) broadcast.add(each.made);
  idle.take();
  flags.change('v1', true);
  expect(idle.got).toEqual(['v0', 'v1']);
  expect(busy.got).toEqual(['v0']);
  busy.take();
  expect(busy.got).toEqual(['v0', 'v1']);
  broadcast.stop(new Error('over'));
});

it('gives a client that was busy the newest state in its turn, and nothing to one that is gone', async () => {
  const flags = service();
  const broadcast = createBroadcast(flags.made, openAccess, { stalledMs: 60_000, cut: () => undefined });
  const [stays, leaves] = [client(), client()];
  broadcast.add(stays.made);
  const { gone } = broadcast.add(leaves.made);
  flags.change('v1', false);
  flags.change('v2', false);
  gone();
  for (const each of [stays, leaves]) each.take();
  await expect.poll(() => stays.got).toEqual(['v0', 'v2']);
  expect(leaves.got).toEqual(['v0']);
  expect(broadcast.size()).toBe(1);
  broadcast.stop(new Error('over'));
});
