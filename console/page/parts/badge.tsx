import type { Standing } from '../standing.ts';
import { Icon } from './icons.tsx';

/** Where a rollout stands: a word, a sign and a colour. */
export function Badge({ of }: { of: Standing }) {
  return (
    <span className={`badge ${of.tone}`}>
      <Icon name={of.icon} />
      {of.text}
    </span>
  );
}
