import { useEffect, useState } from 'react';
import type { CheckReply } from '../../../server/api/plans.ts';
import { post, Refused } from '../api/client.ts';

/** Nobody is told about what they are still writing. */
const QUIET_MS = 400;

export interface Draft {
  text: string;
  file: string;
  /** The rollout whose plan it would become. */
  amends?: string;
}

/** With `queries` the source of the metrics is asked, too. @throws Refused */
export function check(draft: Draft, queries = false): Promise<CheckReply> {
  return post<CheckReply>('/plans/check', { ...draft, queries });
}

export interface Checked {
  /** Of `draft`; null: not known yet. */
  reply: CheckReply | null;
  trouble: Refused | null;
}

/** What the server says of a plan while it is written. An empty text is not asked about. */
export function useCheck({ text, file, amends }: Draft): Checked {
  const [state, setState] = useState<Checked & { of: string }>({ reply: null, trouble: null, of: '' });
  const of = `${file}\n${text}`;
  useEffect(() => {
    if (text.trim() === '') return;
    let gone = false;
    const timer = setTimeout(() => {
      check({ text, file, ...(amends === undefined ? {} : { amends }) }).then(
        (reply) => {
          if (!gone) setState({ reply, trouble: null, of });
        },
        (error: unknown) => {
          if (!gone && error instanceof Refused) setState({ reply: null, trouble: error, of });
        },
      );
    }, QUIET_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [of, amends]);
  return state.of === of && text.trim() !== '' ? state : { reply: null, trouble: null };
}
