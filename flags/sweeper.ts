import type { ForeignProvider } from './foreign.ts';
import type { FlagLog } from './service.ts';

/**
 * Goes on sending what a platform has not taken: a kill while it was away, a write that landed after the kill that overtook it. Safe in
 * several processes at once.
 */
export function startSweeper(
  providers: Iterable<ForeignProvider>,
  { log, everyMs = 2_000 }: { log: FlagLog; everyMs?: number },
): { stop(): Promise<void> } {
  const all = [...providers];
  const running = new Map<string, Promise<void>>();
  const troubled = new Set<string>();
  const sweep = async (provider: ForeignProvider) => {
    try {
      await provider.sweep();
      troubled.delete(provider.name);
    } catch (error) {
      // Once: the same every two seconds would hide everything else.
      if (!troubled.has(provider.name))
        log.warn({ err: error, provider: provider.name }, 'a flag platform has not taken an order yet');
      troubled.add(provider.name);
    }
  };
  const timer = setInterval(() => {
    for (const provider of all) {
      if (running.has(provider.name)) continue;
      running.set(
        provider.name,
        sweep(provider).finally(() => running.delete(provider.name)),
      );
    }
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(running.values());
    },
  };
}
