/**
 * What Azure App Configuration gives with each answer, to be handed back: a read then sees at least what the answers before it
 * came from, whichever replica is asked. Published as "Real-time consistency" of its REST API.
 */
export interface SyncTokens {
  /** Empty before the first answer. */
  header(): Record<string, string>;
  /** `Sync-Token: <id>=<value>;sn=<sn>`, several after commas; of one id the highest `sn` counts. What is none is left out. */
  take(headers: Headers): void;
}

const TOKEN = /^([^=;,\s]+)=([^;,\s]+);sn=(\d+)$/;

export function createSyncTokens(): SyncTokens {
  const tokens = new Map<string, { value: string; sn: number }>();
  return {
    header() {
      if (tokens.size === 0) return {};
      return { 'sync-token': [...tokens].map(([id, { value }]) => `${id}=${value}`).join(',') };
    },
    take(headers) {
      for (const text of headers.get('sync-token')?.split(',') ?? []) {
        const [, id, value, sn] = TOKEN.exec(text.trim()) ?? [];
        if (id === undefined || value === undefined) continue;
        // A late answer must not take back what a newer one has promised.
        if (Number(sn) >= (tokens.get(id)?.sn ?? 0)) tokens.set(id, { value, sn: Number(sn) });
      }
    },
  };
}
