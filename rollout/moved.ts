import type { Exposure } from '../plans/exposure.ts';
import { audience, segmentList } from '../plans/words.ts';
import { restartClean } from './clean-days.ts';
import type { Turn } from './turn.ts';
import { addPause, journal } from './turn.ts';

/** Told once for each revision: whoever answers a drift answers what is served now. */
export function pauseForDrift(turn: Turn, text: string): void {
  const { state } = turn;
  state.grants = [];
  const fresh = addPause(turn, 'drift', text);
  const standing = state.descent != null ? 'On the way back' : fresh ? 'Paused' : 'Still paused';
  const cause = { kind: 'flag', reason: text } as const;
  journal(turn, 'drift', { cause, summary: `${standing}: ${text}.`, flagBefore: state.flagRevision });
  restartClean(turn, cause, text);
}

export function describe(exposure: Exposure): string {
  if (exposure.mode !== undefined) return audience(exposure);
  const parts = exposure.segments.length > 0 ? [segmentList(exposure.segments)] : [];
  if (exposure.percent > 0 || parts.length === 0) parts.push(`${exposure.percent} %`);
  const { without = [] } = exposure;
  return `${parts.join(' and ')}${without.length === 0 ? '' : ` without ${segmentList(without)}`}`;
}
