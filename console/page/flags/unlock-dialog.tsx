import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { FlagDetail } from '../../../server/api/flags.ts';
import { post, Refused } from '../api/client.ts';
import { Trouble } from '../parts/trouble.tsx';
import { nameOf, useSession } from '../session/session.ts';

/** Lets rollouts raise a killed flag again. */
export function UnlockDialog({ flag, close }: { flag: FlagDetail; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const session = useSession();
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [key] = useState(() => crypto.randomUUID());
  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  async function send(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get('reason')).trim();
    const path = `/flags/${encodeURIComponent(flag.key)}/unlock?environment=${encodeURIComponent(flag.environment)}`;
    try {
      await post(path, { ...session.acting, reason }, key);
      close();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(error);
    }
  }

  return (
    <dialog ref={dialog} aria-labelledby="unlock" onClose={close}>
      <h2 id="unlock">Unlock {flag.key}?</h2>
      <ul className="consequences">
        <li>Nobody's path changes now.</li>
        <li>Rollouts may raise this flag in {flag.environment} again.</li>
      </ul>
      {trouble !== null && <Trouble of={trouble} />}
      <form onSubmit={(event) => void send(event)}>
        <label htmlFor="reason">Reason</label>
        <textarea id="reason" name="reason" rows={2} required maxLength={1000} />
        <p className="quiet">Kept with the flag as {nameOf(session)}.</p>
        <div className="row deeds">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="primary">
            Unlock
          </button>
        </div>
      </form>
    </dialog>
  );
}
