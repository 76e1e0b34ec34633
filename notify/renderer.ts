import { Failure, isFailure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import { htmlText, plainText } from './escaping.ts';
import { examplesOf } from './example-range.ts';
import type { Log } from './log.ts';
import { type Format, templateData } from './template-data.ts';
import { createTemplateFiles, type TemplateSettings } from './template-files.ts';

export interface Renderer {
  /** Never fails: a template that does is logged, and the plain built-in text stands in. */
  render(notification: Notification, format: Format): string;
  /**
   * Fails with `CONFIG_INVALID` where a template of the operator's cannot be read, does not compile, or fails for any message that it
   * makes, with all that one may have and with all of it lacking.
   */
  check(): void;
}

/** Messages as text, Markdown or HTML. A nunjucks template can run code, so none comes from a plan. */
export function createRenderer({ log, ...settings }: TemplateSettings & { log: Log }): Renderer {
  const files = createTemplateFiles(settings);

  return {
    render(notification, format) {
      try {
        const template = files.find(notification.event, format);
        return `${template.render(templateData(notification, format)).trim()}\n`;
      } catch (error) {
        const fields = { event: notification.event, format, ...settings, reason: reasonOf(error) };
        log.warn(fields, 'a message template failed; the plain text is sent instead');
        return plainAs(format, notification);
      }
    },

    check() {
      const { template, templates } = settings;
      let trying = template ?? templates ?? '';
      try {
        for (const own of files.own())
          for (const event of own.events)
            for (const [what, example] of Object.entries(examplesOf(event))) {
              trying = `${own.name} for ${event} (${what})`;
              own.template.render(templateData(example, own.format));
            }
      } catch (cause) {
        if (isFailure(cause)) throw cause;
        throw new Failure('CONFIG_INVALID', `The template ${trying} fails: ${reasonOf(cause)}`, { cause });
      }
    },
  };
}

function plainAs(format: Format, notification: Notification): string {
  switch (format) {
    case 'text':
    case 'markdown':
      return plainMessage(notification);
    case 'html':
      return `<pre>${plainMessage(notification).split('\n').map(htmlText).join('\n')}</pre>\n`;
    case 'status':
      // It is public: nothing of the message itself.
      return 'There is news about a change that we are rolling out.\n';
    default:
      return unreachable(format);
  }
}

function unreachable(format: never): never {
  throw new Error(`Unknown format ${String(format)}`);
}

/** What every message says even without a template. */
export function plainMessage(notification: Notification): string {
  const { title, summary, rolloutId, actions, undelivered, digest } = notification;
  const meant =
    undelivered === undefined ? [] : [`This was meant for ${undelivered}, which does not take messages.`];
  const commands = actions.map(({ label, command }) => `${label}: ${command}`);
  const told = (digest?.sections ?? []).flatMap((section) => [section.title, ...section.lines]);
  const about = digest === undefined ? [`Rollout ${rolloutId}`] : [];
  const lines = [title, summary, ...told, ...meant, ...commands, ...about];
  return `${lines.map(plainText).join('\n')}\n`;
}

function reasonOf(error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error));
}
