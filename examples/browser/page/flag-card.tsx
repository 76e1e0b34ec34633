import { useFlag } from '@openfeature/react-sdk';
import type { ReactElement } from 'react';
import { Notice } from './notice.tsx';
import { lasting, useNow, useSince } from './since.ts';

interface FlagCardProps {
  flag: string;
  user: string;
}

export function FlagCard({ flag, user }: FlagCardProps): ReactElement {
  const { value, variant, reason, errorCode, flagMetadata } = useFlag(flag, false);
  const shown = variant ?? (value ? 'on' : 'off');
  const since = useSince(shown);
  const now = useNow();
  return (
    <section aria-live="polite" data-variant={shown}>
      <p className="variant" data-testid="variant">
        {shown}
      </p>
      <dl>
        <dt>User</dt>
        <dd data-testid="user">{user}</dd>
        <dt>Reason</dt>
        <dd data-testid="reason">{errorCode ?? String(reason)}</dd>
        <dt>Since</dt>
        <dd>
          <time data-testid="since" dateTime={new Date(since).toISOString()}>
            {new Date(since).toLocaleTimeString()}
          </time>
          <span className="quiet" aria-hidden="true">
            {lasting(now - since)}
          </span>
        </dd>
        <dt>Revision</dt>
        <dd data-testid="revision">{String(flagMetadata['revision'] ?? 'none')}</dd>
      </dl>
      <Notice errorCode={errorCode} killed={flagMetadata['killed'] === true} />
    </section>
  );
}
