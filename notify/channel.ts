import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';

/** One file per channel implements this. A throw means: keep the message and try again later. */
export interface Channel {
  readonly name: string;
  readonly kind: string;
  /** Longest time that one `send` takes, in milliseconds, where the channel knows it. */
  readonly timeoutMs?: number;
  /** False: its readers are not those who run this, so that a dead channel is not reported here. */
  readonly takesReports?: false;
  send(notification: Notification, attempt?: Attempt): Promise<void>;
  /** What `send` would send, without sending it. */
  preview(notification: Notification): Preview;
  /** For `tidegate doctor`: tells nobody, and throws a `Failure` that says what to mend. */
  check(): Promise<void>;
}

export interface Attempt {
  /** True once a sender took this message before: it may have arrived. */
  repeated: boolean;
}

export interface Preview {
  /** The message as its reader sees it, as far as plain text can show that. */
  text: string;
  /** The same as an HTML page, where the channel sends one. */
  html: string | null;
  /** What goes over the line, without its secrets. */
  payload: unknown;
}

/** The receiver names the time before which another attempt is of no use. */
export class Throttled extends Failure {
  readonly retryAfterMs: number;

  constructor(message: string, more: { retryAfterMs: number; where?: string; cause?: unknown }) {
    const { retryAfterMs, ...rest } = more;
    super('CHANNEL_FAILED', message, rest);
    this.retryAfterMs = retryAfterMs;
  }
}
