import { type ReactElement, type SubmitEvent, useState } from 'react';

interface UserFormProps {
  user: string;
  onChange: (user: string) => Promise<void>;
}

export function UserForm({ user, onChange }: UserFormProps): ReactElement {
  const [name, setName] = useState(user);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    await onChange(name.trim());
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label htmlFor="user">User</label>
      <input
        id="user"
        value={name}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={({ target }) => setName(target.value)}
      />
      <button type="submit" disabled={busy || name.trim() === ''}>
        Change user
      </button>
    </form>
  );
}
