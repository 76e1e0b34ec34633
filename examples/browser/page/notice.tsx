import { ProviderEvents, useOpenFeatureClient, useOpenFeatureClientStatus } from '@openfeature/react-sdk';
import { type ReactElement, useEffect, useState } from 'react';

interface NoticeProps {
  errorCode: string | undefined;
  killed: boolean;
}

/** What somebody should know before they believe the card. */
export function Notice({ errorCode, killed }: NoticeProps): ReactElement | null {
  const status: string = useOpenFeatureClientStatus();
  const lostAt = useLostAt();
  const text = textOf({ status, lostAt, errorCode, killed });
  return text === null ? null : (
    <p className="notice" role="status" data-testid="notice">
      {text}
    </p>
  );
}

function textOf({
  status,
  lostAt,
  errorCode,
  killed,
}: NoticeProps & { status: string; lostAt: number | null }): string | null {
  if (status === 'NOT_READY') return 'The flags have not arrived yet: this is the default of the code.';
  if (status === 'ERROR' || status === 'FATAL') return 'Tidegate gives no flags: this is old, or a default.';
  if (errorCode === 'FLAG_NOT_FOUND') return 'There is no such flag: this is the default of the code.';
  if (lostAt !== null) {
    return `The line was lost at ${new Date(lostAt).toLocaleTimeString()}; the page goes on trying.`;
  }
  return killed ? 'Killed: nothing raises this flag until a person says so.' : null;
}

/**
 * When the line was lost, until something is heard again. By events: the provider says that it is stale, and does not
 * say when it no longer is.
 */
function useLostAt(): number | null {
  const client = useOpenFeatureClient();
  const [lostAt, setLostAt] = useState<number | null>(null);
  useEffect(() => {
    const lost = () => setLostAt((known) => known ?? Date.now());
    const heard = () => setLostAt(null);
    client.addHandler(ProviderEvents.Stale, lost);
    const signs = [
      ProviderEvents.Ready,
      ProviderEvents.ConfigurationChanged,
      ProviderEvents.ContextChanged,
    ] as const;
    for (const sign of signs) client.addHandler(sign, heard);
    return () => {
      client.removeHandler(ProviderEvents.Stale, lost);
      for (const sign of signs) client.removeHandler(sign, heard);
    };
  }, [client]);
  return lostAt;
}
