import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import type { ChannelMemory } from '../store/store.ts';
import { addressesIn, tenantAddressesIn } from './addresses.ts';
import type { Channel } from './channel.ts';
import type { EmailConfig } from './config.ts';
import { emailMessage } from './email-message.ts';
import { plainText } from './escaping.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';

interface EmailParts {
  name: string;
  config: EmailConfig;
  memory: ChannelMemory;
  renderer: Renderer;
  /** The tenants that a message concerns; null: it is of no stage of tenants. */
  tenants?: TenantsOf;
}

export type TenantsOf = (notification: Notification) => Promise<readonly string[] | null>;

/** Recipients of one transaction: what every server takes (RFC 5321, 4.5.3.1.8). */
const AT_ONCE = 100;

/**
 * Mails each message as text and HTML. Where a server takes some recipients and refuses others, the next attempt goes
 * to those that are left. @throws Failure CHANNEL_FAILED with what the server said
 */
export function createEmail({ name, config, memory, renderer, tenants }: EmailParts): Channel {
  const where = `${config.host}:${config.port}`;

  async function recipients(notification: Notification | null): Promise<string[]> {
    const more = config.toFile === undefined ? [] : await addressesIn(config.toFile, name);
    return [...new Set([...config.to, ...more, ...(await ofTenants(notification))])];
  }

  /** What concerns no stage of tenants concerns all of them. */
  async function ofTenants(notification: Notification | null): Promise<string[]> {
    if (config.tenantsFile === undefined) return [];
    const known = await tenantAddressesIn(config.tenantsFile, name);
    const concerned = notification === null ? null : ((await tenants?.(notification)) ?? null);
    return (concerned ?? [...known.keys()]).flatMap((tenant) => known.get(tenant) ?? []);
  }

  async function transport() {
    const { ca, host, port, tls, user, password, timeout } = config;
    const trusted = ca === undefined || ca.includes('-----BEGIN') ? ca : await readFile(ca, 'utf8');
    const patience = timeout * 1000;
    return createTransport({
      host,
      port,
      secure: tls === 'always',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'off',
      ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
      ...(trusted === undefined ? {} : { tls: { ca: trusted } }),
      connectionTimeout: patience,
      greetingTimeout: patience,
      socketTimeout: patience,
      dnsTimeout: patience,
      // The text comes from people: it names no files and no addresses to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async function mailOf(notification: Notification) {
    const root = await memory.recall({ rolloutId: notification.rolloutId, channel: name, key: 'thread' });
    return emailMessage(notification, { from: config.from, root, renderer });
  }

  return {
    name,
    kind: 'email',
    timeoutMs: config.timeout * 1000 + 20_000,
    // Tenants are told of rollouts, not of a channel that is dead.
    ...(config.toFile === undefined && config.tenantsFile === undefined ? {} : { takesReports: false }),

    async send(notification) {
      const { rolloutId } = notification;
      const taken = { rolloutId, channel: name, key: `taken ${messageId(notification)}` };
      const done = new Set((await memory.recall(taken))?.split('\n') ?? []);
      const open = (await recipients(notification)).filter((address) => !done.has(address));
      if (open.length === 0) return;
      const mail = await mailOf(notification);
      const refused: string[] = [];
      const sender = await transport().catch((cause: unknown) => {
        throw failed(name, where, cause);
      });
      for (let start = 0; start < open.length; start += AT_ONCE) {
        const to = open.slice(start, start + AT_ONCE);
        const info = await sender
          .sendMail({
            ...mail,
            from: config.from,
            to: visible(config.to),
            envelope: { from: config.from, to },
          })
          .catch((cause: unknown) => {
            throw failed(name, where, cause);
          });
        for (const error of info.rejectedErrors ?? []) refused.push(answerOf(error));
        const rejected = new Set((info.rejected ?? []).map(String));
        for (const address of to) if (!rejected.has(address)) done.add(address);
        if (rejected.size > 0 || open.length > AT_ONCE) await memory.keep(taken, [...done].join('\n'));
      }
      if (mail.inReplyTo === undefined)
        await memory.keep({ rolloutId, channel: name, key: 'thread' }, mail.messageId);
      if (refused.length === 0) return;
      const message = `Channel ${name}: the server refuses ${refused.length} of ${open.length} recipients`;
      throw new Failure('CHANNEL_FAILED', message, { where, details: refused.slice(0, 5) });
    },

    preview(notification) {
      const mail = emailMessage(notification, { from: config.from, root: null, renderer });
      const to = visible(config.to);
      const files = [config.toFile, config.tenantsFile].filter((file) => file !== undefined);
      const hidden = files.length === 0 ? {} : { bcc: `the addresses of ${files.join(' and ')}` };
      const head = Object.entries({ From: config.from, To: to, Bcc: hidden.bcc, Subject: mail.subject })
        .filter(([, value]) => value !== undefined)
        .map(([header, value]) => `${header}: ${String(value)}`);
      return {
        text: `${head.join('\n')}\n\n${mail.text}`,
        html: mail.html,
        payload: { from: config.from, to, ...hidden, ...mail },
      };
    },

    async check() {
      renderer.check();
      await recipients(null);
      const sender = await transport();
      await sender.verify().catch((cause: unknown) => {
        throw failed(name, where, cause);
      });
    },
  };
}

/** Those of the file are in the envelope alone. */
function visible(to: readonly string[]): string {
  return to.length === 0 ? 'Undisclosed recipients:;' : to.join(', ');
}

function failed(name: string, where: string, cause: unknown): Failure {
  return new Failure('CHANNEL_FAILED', `Channel ${name}: ${inWords(cause)}`, { where, cause });
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return plainText(String(error));
  const code = 'code' in error ? error.code : undefined;
  if (code === 'EAUTH') return `the server refuses the account: ${answerOf(error)}`;
  if (code === 'ETLS') return `no TLS with the server: ${answerOf(error)}`;
  if (code === 'ETIMEDOUT') return 'the server does not answer in time';
  if (error.message.includes('ECONNREFUSED')) return 'nothing listens there';
  if (code === 'ECONNECTION' || code === 'ESOCKET') return `the connection broke: ${answerOf(error)}`;
  return `the server answers ${answerOf(error)}`;
}

function answerOf(error: Error): string {
  const answer = 'response' in error && typeof error.response === 'string' ? error.response : error.message;
  return plainText(answer).slice(0, 300);
}
