import type { Refused } from '../api/client.ts';
import { Prose } from './prose.tsx';

/** What went wrong, and what to do about it. */
export function Trouble({ of }: { of: Refused }) {
  return (
    <div className="trouble" role="alert">
      <p>
        <strong>{of.message}</strong> <code>{of.code}</code>
      </p>
      {of.details.length > 0 && (
        <ul>
          {of.details.map((detail) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      )}
      {of.hint !== '' && (
        <p>
          <Prose of={of.hint} />
        </p>
      )}
    </div>
  );
}
