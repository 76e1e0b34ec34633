import type { Notification } from '../plans/journal.ts';

/** One file per channel implements this. A throw means: keep the message and try again later. */
export interface Channel {
  readonly name: string;
  readonly kind: string;
  /** Longest time that one `send` takes, in milliseconds, where the channel knows it. */
  readonly timeoutMs?: number;
  send(notification: Notification): Promise<void>;
  /** For `tidegate doctor`: throws a `Failure` that says what to mend. */
  check(): Promise<void>;
}
