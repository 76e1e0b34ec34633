import type { Notification } from './journal.ts';

/** What was said of the next stage, by channel. */
export interface Announced {
  stage: string;
  /** When it was said to open, in ms since 1970; null: that nobody knows any more. */
  told: Record<string, number | null>;
}

/** What is to be written now, all or nothing. `announced` null: nothing is left to be put right. */
export interface AnnouncementTurn {
  announced: Announced | null;
  notifications: Notification[];
}
