import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Refused } from '../api/client.ts';
import { nameOf, useSession } from '../session/session.ts';
import { Trouble } from './trouble.tsx';

interface Given {
  title: string;
  verb: string;
  /** What will happen. */
  children: ReactNode;
  /** A reason must be given. */
  required: boolean;
  /** The key is the same for every try. */
  send(reason: string, key: string): Promise<void>;
  close(): void;
}

/** Asks once more, with a reason for the journal. */
export function ReasonDialog({ title, verb, children, required, send, close }: Given) {
  const session = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [key] = useState(() => crypto.randomUUID());
  useEffect(() => {
    dialog.current?.showModal();
    heading.current?.focus();
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get('reason')).trim();
    setBusy(true);
    setTrouble(null);
    try {
      await send(reason, key);
      dialog.current?.close();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(error);
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} aria-labelledby="reason-title" onClose={close}>
      <h2 id="reason-title" ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {children}
      {trouble !== null && <Trouble of={trouble} />}
      <form onSubmit={(event) => void submit(event)}>
        <label htmlFor="why">Reason{required ? '' : ' (for the journal, may be empty)'}</label>
        <textarea id="why" name="reason" rows={2} required={required} maxLength={1000} />
        <p className="quiet">In the journal as {nameOf(session)}.</p>
        <div className="row deeds">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="primary" disabled={busy}>
            {busy ? 'Sending …' : verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}
