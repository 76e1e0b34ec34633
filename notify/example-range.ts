import type { Notification } from '../plans/journal.ts';
import { EXAMPLE, exampleOf } from './example.ts';

/** The ends between which every message of an event lies: all that it may have, and nothing that it may lack. */
export function examplesOf(
  event: Notification['event'],
): Record<'with every optional field' | 'without optional fields', Notification> {
  const example = exampleOf(event, 'example');
  const { standing, upcoming, review, digest } = example;
  const { name, environment, flag, percent } = example.rollout;
  return {
    'with every optional field': {
      ...example,
      evidence: EXAMPLE.evidence,
      undelivered: 'another',
      ...(standing === undefined ? {} : { standing: { ...standing, next: example.at + 900_000 } }),
      ...(upcoming === undefined ? {} : { upcoming: { ...upcoming, was: example.at } }),
    },
    'without optional fields': {
      rolloutId: example.rolloutId,
      seq: example.seq,
      at: example.at,
      event,
      channel: example.channel,
      title: example.title,
      summary: example.summary,
      rollout: { name, environment, flag, percent, title: null, owner: null, ticket: null, stage: null },
      evidence: null,
      actions: [],
      // What an event is about it has; how much of it there is differs.
      ...(standing === undefined ? {} : { standing: { ...standing, lines: [], next: null } }),
      ...(upcoming === undefined ? {} : { upcoming: { ...upcoming, at: null, was: null } }),
      ...(review === undefined ? {} : { review: [] }),
      ...(digest === undefined ? {} : { digest: { sections: [] } }),
    },
  };
}
