import type { Announced, AnnouncementTurn } from '../plans/announcement.ts';
import { inTurn } from '../plans/in-turn.ts';
import type { Announcements } from '../store/announcements.ts';
import type { Log } from './log.ts';

export interface AnnouncementParts {
  announcements: Announcements;
  /** What is known of a rollout now, for what is to be said of its next stage; null: nothing. */
  read(rolloutId: string): Promise<((announced: Announced | null) => AnnouncementTurn) | null>;
  /** There is something new in the outbox. */
  kick(): void;
  log: Log;
}

/** One look at the rollouts that announce their stages: what is due goes into the outbox, once, whoever looks. */
export async function tellAnnouncements({
  announcements,
  read,
  kick,
  log,
}: AnnouncementParts): Promise<void> {
  await inTurn(await announcements.open(), async (id) => {
    const decide = await read(id);
    if (decide === null) return;
    const { notifications } = await announcements.attend(id, decide);
    if (notifications.length === 0) return;
    log.info({ rolloutId: id, stage: notifications[0]?.upcoming?.stage }, 'a stage is announced');
    kick();
  });
}
