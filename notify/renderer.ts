import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import { plainText } from './escaping.ts';
import type { Log } from './log.ts';
import { type Format, templateData } from './template-data.ts';

const BUILT_IN = fileURLToPath(new URL('./templates', import.meta.url));

export interface Renderer {
  /** Never fails: a template that does is logged, and the plain built-in text stands in. */
  render(notification: Notification, format: Format): string;
  /** Fails with `CONFIG_INVALID` where the operator's template cannot be read or does not compile. */
  check(): void;
}

/**
 * Messages as text or Markdown. Per event the built-in `<event>.<format>.njk`, else `default.<format>.njk`; with
 * `template` that file of the operator's for every text. A nunjucks template can run code, so none comes from a plan.
 */
export function createRenderer({ template, log }: { template?: string | undefined; log: Log }): Renderer {
  const folders = template === undefined ? [BUILT_IN] : [dirname(resolve(template)), BUILT_IN];
  // HTML's escaping would put `&amp;` into plain text; `templateData` escapes for the real target instead.
  const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(folders), { autoescape: false });

  function find(event: string, format: Format): nunjucks.Template {
    if (template !== undefined && format === 'text') return operatorTemplate();
    try {
      return environment.getTemplate(`${event}.${format}.njk`, true);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('template not found')) throw error;
      return environment.getTemplate(`default.${format}.njk`, true);
    }
  }

  function operatorTemplate(): nunjucks.Template {
    const path = resolve(template ?? '');
    return nunjucks.compile(readFileSync(path, 'utf8'), environment);
  }

  return {
    render(notification, format) {
      try {
        return `${find(notification.event, format).render(templateData(notification, format)).trim()}\n`;
      } catch (error) {
        const fields = { event: notification.event, format, template, reason: reasonOf(error) };
        log.warn(fields, 'a message template failed; the plain text is sent instead');
        return plainMessage(notification);
      }
    },

    check() {
      if (template === undefined) return;
      try {
        operatorTemplate().render(templateData(EXAMPLE, 'text'));
      } catch (cause) {
        throw new Failure('CONFIG_INVALID', `The template ${template} fails: ${reasonOf(cause)}`, { cause });
      }
    },
  };
}

/** What every message says even without a template. */
export function plainMessage({ title, summary, rolloutId, actions, undelivered }: Notification): string {
  const meant =
    undelivered === undefined ? [] : [`This was meant for ${undelivered}, which does not take messages.`];
  const commands = actions.map(({ label, command }) => `${label}: ${command}`);
  const lines = [title, summary, ...meant, ...commands, `Rollout ${rolloutId}`];
  return `${lines.map(plainText).join('\n')}\n`;
}

function reasonOf(error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error));
}

const EXAMPLE: Notification = {
  rolloutId: 'example-1',
  seq: 1,
  at: 0,
  event: 'note',
  channel: 'example',
  title: 'Example',
  summary: 'An example.',
  rollout: {
    name: 'example',
    title: null,
    environment: 'production',
    flag: 'example',
    owner: null,
    ticket: null,
    stage: null,
    percent: 0,
  },
  evidence: null,
  actions: [],
};
