import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Refused } from '../api/client.ts';
import { nameOf, useSession } from '../session/session.ts';
import { Trouble } from './trouble.tsx';

/** What stands in the form when it is sent. */
export interface Written {
  /** Null: none was given. */
  reason: string | null;
  /** The same for every try, so that a click that was not answered is not carried out twice; another one after a refusal. */
  key: string;
  /** Of a field by its name, '' where it is not there. */
  field(name: string): string;
}

interface Given {
  title: string;
  verb: string;
  /** What is hard to take back. */
  grave?: boolean;
  /** False: it cannot be sent yet. */
  ready?: boolean;
  reason: 'required' | 'optional' | 'none';
  /** What will happen. */
  children: ReactNode;
  /** What else is asked for; `refused`: the code of the last refusal, null where there was none. */
  fields?: ReactNode | ((refused: string | null) => ReactNode);
  /** What is to be seen instead once it was done; null: nothing more. @throws Refused */
  send(written: Written): Promise<ReactNode>;
  close(): void;
}

/** Asks once more: what will happen, why, and in whose name. A refusal stands in it, and it can be sent again. */
export function AskDialog({ title, verb, reason, children, fields, send, close, ...more }: Given) {
  const { grave = false, ready = true } = more;
  const session = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [done, setDone] = useState<ReactNode>(null);
  const [key, renewKey] = useState(() => crypto.randomUUID());
  useEffect(() => {
    dialog.current?.showModal();
    // Not the field for a reason: its keyboard would cover what is to be read on a phone.
    heading.current?.focus();
  }, []);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const field = (name: string) => String(form.get(name) ?? '').trim();
    setBusy(true);
    setTrouble(null);
    try {
      const seen = await send({ reason: field('reason') === '' ? null : field('reason'), key, field });
      if (seen === null) close();
      else setDone(seen);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      setTrouble(error);
      // What was refused may be asked otherwise.
      if (error.status !== 0) renewKey(crypto.randomUUID());
      setBusy(false);
    }
  }

  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={close}>
      <h2 id="asked" ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {done ?? (
        <>
          {children}
          {trouble !== null && <Trouble of={trouble} />}
          <form onSubmit={(event) => void submit(event)}>
            {typeof fields === 'function' ? fields(trouble?.code ?? null) : fields}
            {reason !== 'none' && (
              <>
                <label htmlFor="reason">
                  Reason{reason === 'optional' && ' (for the journal, may be empty)'}
                </label>
                <textarea
                  id="reason"
                  name="reason"
                  rows={2}
                  required={reason === 'required'}
                  maxLength={1000}
                />
              </>
            )}
            <p className="quiet">In the journal as {nameOf(session)}.</p>
            <div className="row deeds">
              <button type="button" onClick={() => dialog.current?.close()}>
                Cancel
              </button>
              <button type="submit" className={grave ? 'danger' : 'primary'} disabled={busy || !ready}>
                {busy ? 'Sending …' : verb}
              </button>
            </div>
          </form>
        </>
      )}
    </dialog>
  );
}
