import type { Writable } from 'node:stream';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import type { Channel } from './channel.ts';
import { plainText } from './escaping.ts';

/** Writes each message as one line. A stream that is gone is `CHANNEL_FAILED`. */
export function createTerminal(name: string, stream: Writable): Channel {
  return {
    name,
    kind: 'terminal',
    send: (notification) => write(lineOf(notification)),
    preview(notification) {
      const text = lineOf(notification);
      return { text, html: null, payload: text };
    },
    async check() {
      if (!stream.writable) throw gone();
    },
  };

  function write(line: string): Promise<void> {
    if (!stream.writable) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      stream.write(line, (error) => {
        if (error) reject(gone(error));
        else resolve();
      });
    });
  }

  function gone(cause?: Error): Failure {
    return new Failure('CHANNEL_FAILED', `Channel ${name}: the terminal is gone`, { cause });
  }
}

function lineOf({ at, title, summary, undelivered }: Notification): string {
  const meant = undelivered === undefined ? '' : ` [meant for ${undelivered}, which does not take messages]`;
  return `${new Date(at).toISOString()} ${plainText(`${title}: ${summary}${meant}`)}\n`;
}
