import { timezoneKnown } from '../plans/windows.ts';
import { isLoopback } from '../server/loopback.ts';
import type { Config } from './config.ts';
import type { Say } from './say.ts';

/** What contradicts itself in one channel. */
export function reviewChannels({ channels, slack }: Pick<Config, 'channels' | 'slack'>, say: Say): void {
  for (const [name, channel] of Object.entries(channels)) {
    const path = ['channels', name];
    if (channel.kind === 'slack' && channel.interactive && slack === undefined)
      say(
        [...path, 'interactive'],
        'nobody takes what the buttons send',
        'add `slack:` with `signingSecret` and `users`',
      );
    if (channel.kind !== 'email') continue;
    if (channel.to.length === 0 && channel.toFile === undefined && channel.tenantsFile === undefined)
      say(path, 'nobody gets the mails', 'add `to: [name@host]`, or `toFile:` with a list');
    if (channel.password !== undefined && channel.user === undefined)
      say([...path, 'password'], '`password` is given without `user`', 'add `user:`');
    if (channel.user !== undefined && channel.tls === 'off' && !isLoopback(channel.host))
      say([...path, 'tls'], 'the password would be sent for all to read', '`starttls` or `always`');
  }
}

/** What a digest can be read on. */
const READ: readonly string[] = ['terminal', 'webhook', 'email', 'slack'];

export function reviewDigest({ channels, digest }: Pick<Config, 'channels' | 'digest'>, say: Say): void {
  if (digest === undefined) return;
  const channel = Object.hasOwn(channels, digest.channel) ? channels[digest.channel] : undefined;
  const fit = Object.keys(channels).filter((name) => READ.includes(channels[name]?.kind ?? ''));
  const instead = fit.length === 0 ? 'define one in `channels`' : `one of ${fit.join(', ')}`;
  if (channel === undefined) say(['digest', 'channel'], `there is no channel "${digest.channel}"`, instead);
  else if (!READ.includes(channel.kind))
    say(['digest', 'channel'], `nobody reads a digest on ${channel.kind}`, instead);
  if (!timezoneKnown(digest.timezone))
    say(['digest', 'timezone'], `"${digest.timezone}" is no time zone`, 'a name such as Europe/Berlin');
}
