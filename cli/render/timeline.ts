import type { RolloutView } from '../../plans/view.ts';
import { type Ink, widthOf } from './ink.ts';

type StageMark = RolloutView['stages'][number];

function mark(stage: StageMark, phase: RolloutView['phase'], ink: Ink): string {
  if (stage.state === 'done') return ink('good', `${stage.name} ✓`);
  if (stage.state === 'ahead') return ink('dim', stage.name);
  if (phase === 'rolled-back' || phase === 'reverting' || phase === 'rejected')
    return ink('bad', `[${stage.name} ✗]`);
  return ink('now', `[${stage.name}]`);
}

/** The stages as they stand: `internal ✓ ─ 1% ✓ ─ [5%] ─ 25% ─ 50%`, in as many lines as they need. */
export function timeline(view: RolloutView, width: number, ink: Ink): string[] {
  const lines: string[] = [];
  let line = '';
  for (const stage of view.stages) {
    const text = mark(stage, view.phase, ink);
    if (line === '') line = text;
    else if (widthOf(line) + 3 + widthOf(text) <= width) line += `${ink('dim', ' ─ ')}${text}`;
    else {
      lines.push(line);
      line = text;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** The same in one line: stages far from the present one give way to an ellipsis. */
export function shortTimeline(view: RolloutView, width: number, ink: Ink): string {
  const marks = view.stages.map((stage) => mark(stage, view.phase, ink));
  const found = view.stages.findIndex((stage) => stage.state === 'now');
  const centre =
    found >= 0 ? found : view.stages.every((stage) => stage.state === 'done') ? marks.length - 1 : 0;
  let from = 0;
  let to = marks.length;
  const joined = () =>
    [...(from > 0 ? ['…'] : []), ...marks.slice(from, to), ...(to < marks.length ? ['…'] : [])].join(
      ink('dim', ' ─ '),
    );
  while (widthOf(joined()) > width && to - from > 1) {
    if (centre - from >= to - 1 - centre) from += 1;
    else to -= 1;
  }
  return joined();
}
