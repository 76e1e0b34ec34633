import { type ChangeEvent, type RefObject, useState } from 'react';
import type { PlanFinding } from '../../../server/api/plans.ts';

/** Of a plan that somebody has written; more is something else. */
const MOST_BYTES = 500_000;
const FEWEST_LINES = 12;

interface Given {
  text: string;
  findings: readonly PlanFinding[];
  area: RefObject<HTMLTextAreaElement | null>;
  write(text: string, file?: string): void;
}

/** A plan to be pasted, chosen or written; what is wrong is marked beside its line. */
export function PlanEditor({ text, findings, area, write }: Given) {
  const [refused, setRefused] = useState<string | null>(null);
  const lines = text.split('\n').length;
  const rows = Math.max(FEWEST_LINES, lines);
  const marks = new Map<number, PlanFinding['severity']>();
  for (const { line, severity } of findings) if (marks.get(line) !== 'error') marks.set(line, severity);

  async function choose(event: ChangeEvent<HTMLInputElement>): Promise<void> {
    const file = event.currentTarget.files?.[0];
    if (file === undefined) return;
    if (file.size > MOST_BYTES) return setRefused(`${file.name} is too large for a plan.`);
    setRefused(null);
    write(await file.text(), file.name);
  }

  return (
    <div className="plan-editor">
      <label className="choose">
        Choose a file, or paste the plan below
        <input type="file" accept=".yaml,.yml,.json,text/*" onChange={(event) => void choose(event)} />
      </label>
      {refused !== null && <p role="alert">{refused}</p>}
      <label htmlFor="plan-text">The plan</label>
      <div className="sheet">
        <ol className="gutter" aria-hidden="true">
          {Array.from({ length: rows }, (_, i) => (
            <li key={i} className={marks.get(i + 1) ?? ''}>
              {marks.has(i + 1) && (marks.get(i + 1) === 'error' ? '✗ ' : '! ')}
              {i < lines ? i + 1 : ''}
            </li>
          ))}
        </ol>
        <textarea
          id="plan-text"
          ref={area}
          rows={rows}
          wrap="off"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          aria-describedby="plan-findings"
          value={text}
          onChange={(event) => write(event.currentTarget.value)}
        />
      </div>
    </div>
  );
}

/** Puts the cursor where a finding is. */
export function showPlace(area: HTMLTextAreaElement | null, { line, column }: PlanFinding): void {
  if (area === null) return;
  const lines = area.value.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const at = start + Math.min(column - 1, lines[line - 1]?.length ?? 0);
  area.focus();
  area.setSelectionRange(at, start + (lines[line - 1]?.length ?? 0));
  area.scrollIntoView({ block: 'nearest' });
}
