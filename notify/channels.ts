import type { Writable } from 'node:stream';
import { isFailure } from '../plans/failures.ts';
import type { ChannelMemory } from '../store/store.ts';
import type { Channel } from './channel.ts';
import type { ChannelConfig } from './config.ts';
import { createEmail, type TenantsOf } from './email.ts';
import { createJira } from './jira.ts';
import type { Log } from './log.ts';
import { createMemory } from './memory.ts';
import { createPagerDuty } from './pagerduty.ts';
import { createRenderer } from './renderer.ts';
import { createSlack } from './slack.ts';
import { createStatuspage } from './statuspage.ts';
import { createTerminal } from './terminal.ts';
import { createWebhook } from './webhook.ts';

export interface ChannelParts {
  /** Where the terminal channel writes. */
  stream: Writable;
  log: Log;
  /** Where channels keep their threads; without it, as long as they live. */
  memory?: ChannelMemory;
  /** The tenants that a message concerns; without it, nobody knows. */
  tenants?: TenantsOf;
}

/** The channels of a configuration by name. `CONFIG_INVALID` where a secret is malformed. */
export function createChannels(
  settings: Record<string, ChannelConfig>,
  { stream, log, memory = createMemory(), tenants }: ChannelParts,
): Map<string, Channel> {
  const rendererOf = ({ templates }: { templates?: string | undefined }) =>
    createRenderer({ templates, log });
  const entries = Object.entries(settings).map(([name, channel]): [string, Channel] => {
    switch (channel.kind) {
      case 'terminal':
        return [name, createTerminal(name, stream)];
      case 'webhook': {
        const { url, secret, headers, template, templates, timeout } = channel;
        const renderer = createRenderer({ template, templates, log });
        return [name, createWebhook({ name, url, secret, headers, timeout, renderer })];
      }
      case 'email':
        return [
          name,
          createEmail({
            name,
            config: channel,
            memory,
            renderer: rendererOf(channel),
            ...(tenants === undefined ? {} : { tenants }),
          }),
        ];
      case 'slack':
        return [name, createSlack({ name, config: channel, memory, renderer: rendererOf(channel), log })];
      case 'pagerduty':
        return [name, createPagerDuty({ name, config: channel, renderer: rendererOf(channel) })];
      case 'statuspage':
        return [name, createStatuspage({ name, config: channel, memory, renderer: rendererOf(channel) })];
      case 'jira':
        return [name, createJira({ name, config: channel, renderer: rendererOf(channel), log })];
      default:
        return unreachable(channel);
    }
  });
  return new Map(entries);
}

/**
 * Tells the log of each template that fails for some message, before that message is due. Nothing is refused for it: the plain text stands
 * in, and a worker that did not start would watch no gate.
 */
export function warnOfTemplates(settings: Record<string, ChannelConfig>, log: Log): void {
  for (const [channel, config] of Object.entries(settings)) {
    const template = config.kind === 'webhook' ? config.template : undefined;
    const templates = config.kind === 'terminal' ? undefined : config.templates;
    try {
      createRenderer({ template, templates, log }).check();
    } catch (error) {
      if (!isFailure(error)) throw error;
      const { code, message, details } = error;
      log.warn(
        { channel, code, details },
        `${message}; its messages go out as plain text until it is mended`,
      );
    }
  }
}

function unreachable(channel: never): never {
  throw new Error(`Unknown channel ${JSON.stringify(channel)}`);
}
