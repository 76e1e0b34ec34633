import type { Verdict } from '../../plans/assessment.ts';
import type { RolloutView } from '../../plans/view.ts';
import { phaseText } from '../../plans/words.ts';
import type { IconName } from './parts/icon-paths.ts';

export type Tone = 'good' | 'now' | 'warn' | 'bad' | 'dim';

export interface Standing {
  text: string;
  tone: Tone;
  icon: IconName;
}

export interface Stands {
  phase: RolloutView['phase'];
  pause: RolloutView['pause'];
  blockers: RolloutView['blockers'];
  verdict: Verdict | null;
}

/** The one word that an engineer at night needs first. */
export function standingOf({ phase, pause, blockers, verdict }: Stands): Standing {
  switch (phase) {
    case 'completed':
      return { text: phaseText(phase), tone: 'good', icon: 'done' };
    case 'rolled-back':
    case 'rejected':
      return { text: phaseText(phase), tone: 'bad', icon: 'stop' };
    case 'abandoned':
    case 'superseded':
      return { text: phaseText(phase), tone: 'dim', icon: 'stop' };
    case 'reverting':
      return { text: phaseText(phase), tone: 'bad', icon: 'back' };
    case 'submitted':
    case 'active':
      if (pause !== null) return { text: 'paused', tone: 'warn', icon: 'pause' };
      if (asksPerson(blockers)) return { text: 'needs approval', tone: 'warn', icon: 'ask' };
      if (verdict === 'no-data') return { text: 'no data', tone: 'warn', icon: 'ask' };
      return phase === 'active'
        ? { text: 'running', tone: 'now', icon: 'run' }
        : { text: phaseText(phase), tone: 'dim', icon: 'wait' };
  }
}

export function asksPerson(blockers: RolloutView['blockers']): boolean {
  return blockers.some(({ roles }) => roles.length > 0);
}
