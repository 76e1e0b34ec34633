import type { Writable } from 'node:stream';
import type { Channel } from './channel.ts';
import type { Log } from './log.ts';
import { createRenderer } from './renderer.ts';
import { createTerminal } from './terminal.ts';
import { createWebhook } from './webhook.ts';

/** A channel as `tidegate.yaml` has it. `timeout` is in seconds, `template` the path of a file. */
export type ChannelSettings =
  | { kind: 'terminal' }
  | {
      kind: 'webhook';
      url: string;
      secret?: string | undefined;
      headers: Record<string, string>;
      template?: string | undefined;
      timeout: number;
    };

export interface ChannelParts {
  /** Where the terminal channel writes. */
  stream: Writable;
  log: Log;
}

/** The channels of a configuration by name. `CONFIG_INVALID` where a secret is malformed. */
export function createChannels(
  settings: Record<string, ChannelSettings>,
  { stream, log }: ChannelParts,
): Map<string, Channel> {
  const entries = Object.entries(settings).map(([name, channel]): [string, Channel] => {
    switch (channel.kind) {
      case 'terminal':
        return [name, createTerminal(name, stream)];
      case 'webhook': {
        const { url, secret, headers, template, timeout } = channel;
        const renderer = createRenderer({ template, log });
        return [name, createWebhook({ name, url, secret, headers, timeout, renderer })];
      }
      default:
        return unreachable(channel);
    }
  });
  return new Map(entries);
}

function unreachable(channel: never): never {
  throw new Error(`Unknown channel ${JSON.stringify(channel)}`);
}
