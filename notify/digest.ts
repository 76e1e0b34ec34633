import type { Digest, Notification } from '../plans/journal.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { audience, cause, clock, duration, phaseText } from '../plans/words.ts';
import type { DueDigest } from './digest-clock.ts';

/** All rollouts that are active, and those that ended since; each stands in one section. Empty: there are none. */
export function digestOf(
  views: readonly RolloutView[],
  { since, now }: { since: number; now: number },
): Digest {
  const active = views.filter(({ phase }) => !ENDED.includes(phase));
  const waiting = active.filter((view) => view.pause === null && approvalOf(view) !== undefined);
  const paused = active.filter(({ pause }) => pause !== null);
  const others = active.filter((view) => !waiting.includes(view) && !paused.includes(view));
  const ended = views.filter(({ phase, endedAt }) => ENDED.includes(phase) && (endedAt ?? 0) >= since);
  const section = (title: string, of: readonly RolloutView[], line: (view: RolloutView) => string) =>
    of.length === 0
      ? []
      : [{ title, lines: of.map((view) => `${view.id} (${view.environment}): ${line(view)}`) }];
  return {
    sections: [
      ...section('Waiting for people', waiting, waitingLine),
      ...section('Paused', paused, pausedLine),
      ...section('Going on', others, (view) => activeLine(view, now)),
      ...section('Ended', ended, endedLine),
    ],
  };
}

function approvalOf({ blockers }: RolloutView) {
  return blockers.find(
    ({ kind }) => kind === 'start-approval' || kind === 'approval' || kind === 'confirmation',
  );
}

function waitingLine(view: RolloutView): string {
  const { text = '', until = null } = approvalOf(view) ?? {};
  return `${placeOf(view)}, ${text}${until === null ? '' : `, until ${clock(until)} UTC`}`;
}

function pausedLine(view: RolloutView): string {
  const { reason = '', deadline = 0, then = '' } = view.pause ?? {};
  return `${placeOf(view)}, ${reason}; without an answer by ${clock(deadline)} UTC: ${then}`;
}

function activeLine(view: RolloutView, now: number): string {
  const since = view.stageSince === null ? '' : ` for ${duration((now - view.stageSince) / 1000)}`;
  return `${placeOf(view)}${since}. ${view.next}`;
}

function endedLine({ phase, stop, endedAt, exposure }: RolloutView): string {
  const why = stop === null ? '' : `, ${cause(stop.cause)}`;
  return `${phaseText(phase)} ${clock(endedAt ?? 0)} UTC (${audience(exposure)})${why}`;
}

function placeOf({ stage, exposure }: RolloutView): string {
  return stage === null ? 'not begun' : `stage ${stage} (${audience(exposure)})`;
}

/** The message of a digest; its own id keeps it apart from every rollout. */
export function digestMessage(
  digest: Digest,
  { due, channel, at }: { due: DueDigest; channel: string; at: number },
): Notification {
  const counts = digest.sections.map(({ title, lines }) => `${lines.length} ${title.toLowerCase()}`);
  const span = due.kind === 'weekly-digest' ? `the week to ${due.day}` : due.day;
  return {
    rolloutId: due.key.replace(' ', '-'),
    seq: 1,
    at,
    event: due.kind,
    channel,
    title: `Rollouts of ${span}: ${counts.join(', ') || 'none'}`,
    summary: `What is active now, and what ended since ${clock(due.since)} UTC.`,
    rollout: {
      name: 'digest',
      title: null,
      environment: 'all',
      flag: 'all',
      owner: null,
      ticket: null,
      stage: null,
      percent: 0,
    },
    evidence: null,
    digest,
    actions: [{ label: 'Look', command: 'tidegate list' }],
  };
}
