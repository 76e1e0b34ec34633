import type { FlagDetail } from '../../../server/api/flags.ts';
import { post } from '../api/client.ts';
import { AskDialog } from '../parts/ask-dialog.tsx';
import { useSession } from '../session/session.ts';

/** Lets rollouts raise a killed flag again. */
export function UnlockDialog({ flag, close }: { flag: FlagDetail; close(): void }) {
  const session = useSession();
  const { key: flagKey, environment } = flag;
  return (
    <AskDialog
      title={`Unlock ${flagKey}?`}
      verb="Unlock"
      reason="required"
      close={close}
      send={async ({ reason, key }) => {
        const path = `/flags/${encodeURIComponent(flagKey)}/unlock?environment=${encodeURIComponent(environment)}`;
        await post(path, { ...session.acting, reason }, key);
        return null;
      }}
    >
      <ul className="consequences">
        <li>Nobody's path changes now.</li>
        <li>Rollouts may raise this flag in {environment} again.</li>
      </ul>
    </AskDialog>
  );
}
