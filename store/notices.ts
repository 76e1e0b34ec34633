import { ROLLOUTS_CHANNEL } from './changes.ts';
import { listen } from './listen.ts';

/** `all`: the line to PostgreSQL was lost or is back, so anything may have changed. */
export type Notice = { kind: 'step' | 'sample'; rolloutId: string } | { kind: 'all' };

/** Tells when rollouts have changed, whichever process has written it. Nothing is kept: read after each notice. */
export interface Notices {
  /** Gives the way to end it. */
  on(hear: (notice: Notice) => void): () => void;
  stop(): Promise<void>;
}

export function openNotices(databaseUrl: string): Notices {
  const heard = new Set<(notice: Notice) => void>();
  const tell = (notice: Notice) => {
    for (const hear of heard) hear(notice);
  };
  const listener = listen(
    databaseUrl,
    ROLLOUTS_CHANNEL,
    (payload) => tell(noticeOf(payload)),
    () => tell({ kind: 'all' }),
  );
  return {
    on(hear) {
      heard.add(hear);
      return () => heard.delete(hear);
    },
    stop: () => listener.stop(),
  };
}

function noticeOf(payload: string): Notice {
  const [kind, ...rest] = payload.split(' ');
  return kind === 'step' || kind === 'sample' ? { kind, rolloutId: rest.join(' ') } : { kind: 'all' };
}
