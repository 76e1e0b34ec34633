import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { Failure } from '../plans/failures.ts';
import { DIGESTS, EVENTS } from '../plans/journal.ts';
import { nearest } from '../plans/nearest.ts';
import { FORMATS, type Format } from './template-data.ts';

const BUILT_IN = fileURLToPath(new URL('./templates', import.meta.url));

export interface TemplateSettings {
  /** A file of the operator's for every text. */
  template?: string | undefined;
  /** A folder of the operator's with `<event>.<format>.njk` and `default.<format>.njk`. */
  templates?: string | undefined;
}

export interface OwnTemplate {
  name: string;
  format: Format;
  events: readonly Event[];
  template: nunjucks.Template;
}

export type Event = (typeof EVENTS)[number] | (typeof DIGESTS)[number];

export interface TemplateFiles {
  find(event: string, format: Format): nunjucks.Template;
  /** Every template of the operator's, with all the events whose messages it makes. */
  own(): OwnTemplate[];
}

/**
 * The operator's file for an event, then the operator's default, then the built-in ones. They are read anew for each
 * message, so that a mended one counts at once.
 */
export function createTemplateFiles({ template, templates }: TemplateSettings): TemplateFiles {
  const operators = templates ?? (template === undefined ? undefined : dirname(resolve(template)));
  // HTML's escaping would put `&amp;` into plain text; `templateData` escapes for the real target instead.
  const environment = new nunjucks.Environment(
    new nunjucks.FileSystemLoader([...(operators === undefined ? [] : [operators]), BUILT_IN], {
      noCache: operators !== undefined,
    }),
    { autoescape: false },
  );
  const single = () => nunjucks.compile(readFileSync(resolve(template ?? ''), 'utf8'), environment);

  return {
    find(event, format) {
      if (template !== undefined && format === 'text') return single();
      for (const folder of [templates, BUILT_IN]) {
        // What says something about one rollout says nothing about all of them.
        const others =
          DIGESTS.some((one) => one === event) && folder !== BUILT_IN ? [] : [`default.${format}.njk`];
        const names = [`${event}.${format}.njk`, ...others];
        const name = names.find((one) => folder !== undefined && existsSync(join(folder, one)));
        if (name !== undefined) return environment.getTemplate(name, true);
      }
      throw new Error(`there is no template for ${format}`);
    },

    own() {
      const named =
        templates === undefined ? [] : readdirSync(templates).filter((name) => name.endsWith('.njk'));
      const inFolder = named.flatMap((name) => {
        const format = formatOf(name);
        if (format === null) return [];
        const events = eventsOf(name, format, named);
        return [{ name, format, events, template: environment.getTemplate(name, true) }];
      });
      if (template === undefined) return inFolder;
      return [
        { name: template, format: 'text', events: [...EVENTS, ...DIGESTS], template: single() },
        // The one file goes before those of the folder.
        ...inFolder.filter(({ format }) => format !== 'text'),
      ];
    },
  };
}

/** Of the default: every event without a file of its own, but digests, which say nothing about one rollout. */
function eventsOf(name: string, format: Format, all: readonly string[]): Event[] {
  const [event] = name.split('.');
  if (event === 'default') return EVENTS.filter((one) => !all.includes(`${one}.${format}.njk`));
  return [...EVENTS, ...DIGESTS].filter((one) => one === event);
}

/** The format by a file's name; null for a part that others extend. A name that no message would look for is an error. */
function formatOf(name: string): Format | null {
  const [event = '', format = '', ...rest] = name.slice(0, -'.njk'.length).split('.');
  const known = FORMATS.find((one) => one === format);
  if (event === 'base' || event.startsWith('_')) return null;
  const events: readonly string[] = ['default', ...EVENTS, ...DIGESTS];
  if (known !== undefined && rest.length === 0 && events.includes(event)) return known;
  const like = nearest(event, events);
  throw new Failure('CONFIG_INVALID', `No message has the template ${name}`, {
    where: name,
    details: [
      `its name is EVENT.FORMAT.njk with ${FORMATS.join(', ')}; parts begin with _`,
      ...(like === null || like === event ? [] : [`did you mean ${like}?`]),
    ],
  });
}
