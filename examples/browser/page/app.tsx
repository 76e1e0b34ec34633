import { useContextMutator } from '@openfeature/react-sdk';
import { type ReactElement, useState } from 'react';
import { FlagCard } from './flag-card.tsx';
import { UserForm } from './user-form.tsx';

interface AppProps {
  flag: string;
  environment: string;
  firstUser: string;
}

export function App({ flag, environment, firstUser }: AppProps): ReactElement {
  const [user, setUser] = useState(firstUser);
  const { setContext } = useContextMutator();
  const change = async (name: string) => {
    // Only when the flags are the new user's: the card names both.
    await setContext({ targetingKey: name });
    setUser(name);
  };
  return (
    <main>
      <header>
        <h1>{flag}</h1>
        <p>in {environment}, as one user sees it</p>
      </header>
      <FlagCard key={user} flag={flag} user={user} />
      <UserForm user={user} onChange={change} />
    </main>
  );
}
