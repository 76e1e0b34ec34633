import type { Line } from '../api/event-source.ts';

const WORDS: Record<Line, string> = { opening: 'connecting', open: 'live', lost: 'reconnecting' };

/** Whether what is shown follows the server. */
export function LiveSign({ line }: { line: Line }) {
  return (
    <span className={`live ${line}`} role="status">
      <i aria-hidden="true" />
      {WORDS[line]}
    </span>
  );
}
