import type { FlagdAddresses } from '../../client/provider.ts';
import { BASELINE, CANARY, startBackend } from './backend.ts';
import { startChild } from './children.ts';
import { startFront } from './front.ts';
import { type Listening, send, serve } from './http.ts';
import { type Load, type LoadOptions, startLoad } from './load.ts';

/** One part of the shop and what it needs to know. */
export type Part =
  | { role: 'baseline' | 'canary'; port: number; seed: number }
  | { role: 'front'; port: number; flagd: FlagdAddresses; baseline: string; canary: string }
  | { role: 'load'; port: number; load: LoadOptions };

/** Starts a part in this process. Rejects when its port is busy. */
export async function startHere(part: Part): Promise<Listening> {
  const { role, port } = part;
  switch (role) {
    case 'baseline':
      return startBackend({ path: BASELINE, port, seed: part.seed });
    case 'canary':
      return startBackend({ path: CANARY, port, seed: part.seed });
    case 'front':
      return startFront(part);
    case 'load':
      return startLoadPage(part.load, port);
  }
}

/** Starts a part in a process of its own. */
export function startApart(part: Part, onExit?: (what: string) => void): Promise<Listening> {
  return startChild({
    args: argumentsOf(part),
    port: part.port,
    ...(onExit === undefined ? {} : { onExit }),
  });
}

/** The load with a page that shows how it is doing. */
export async function startLoadPage(
  options: LoadOptions,
  port: number,
): Promise<Listening & Pick<Load, 'done'>> {
  const load = startLoad(options);
  const page = await serve(async (_, response) => send(response, 200, load.status()), port).catch(
    async (error) => {
      await load.stop();
      throw error;
    },
  );
  return {
    ...page,
    done: load.done,
    async close() {
      await load.stop();
      await page.close();
    },
  };
}

function argumentsOf(part: Part): string[] {
  const role = ['--role', part.role];
  switch (part.role) {
    case 'baseline':
    case 'canary':
      return [...role, '--seed', String(part.seed)];
    case 'front': {
      const { addresses, environment } = part.flagd;
      const flags = ['--flagd', addresses.join(','), '--environment', environment];
      return [...role, '--baseline', part.baseline, '--canary', part.canary, ...flags];
    }
    case 'load': {
      const { fronts, ...limits } = part.load;
      const named = Object.entries({
        rate: limits.rate,
        for: limits.seconds,
        requests: limits.requests,
        seed: limits.seed,
      });
      const given = named.flatMap(([name, value]) =>
        value === undefined ? [] : [`--${name}`, String(value)],
      );
      return [...role, '--fronts', fronts.join(','), ...given];
    }
  }
}
