import { differenceOf, nearChanges } from '../../../plans/text-difference.ts';
import type { PlanDifference } from '../../../server/api/plans.ts';

const SIGNS = { same: ' ', gone: '−', new: '+' } as const;

/** What a plan says otherwise than another, and what of it lets more through. */
export function Differences({ of }: { of: readonly PlanDifference[] }) {
  return (
    <ul className="differences">
      {of.map(({ text, loosens }) => (
        <li key={text}>
          <code>{text}</code> {loosens && <span className="badge warn">loosens</span>}
        </li>
      ))}
    </ul>
  );
}

/** The lines of two plans that differ, with some around them. */
export function LinesThatDiffer({ before, after }: { before: string; after: string }) {
  return (
    <pre className="text-difference" aria-label="Lines that change">
      {nearChanges(differenceOf(before, after)).map((line, i) =>
        line === null ? (
          <span key={i} className="left-out">
            …
          </span>
        ) : (
          <span key={i} className={line.kind}>
            {SIGNS[line.kind]} {line.text}
          </span>
        ),
      )}
    </pre>
  );
}
