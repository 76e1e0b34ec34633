import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DIGESTS, EVENTS, TRANSITIONS } from '../plans/journal.ts';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { EXAMPLE, exampleOf } from './example.ts';
import { examplesOf } from './example-range.ts';
import { createRenderer, plainMessage } from './renderer.ts';
import { FORMATS } from './template-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-template-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function operatorFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const log = rememberingLog();
const built = createRenderer({ log });
const { evidence } = EXAMPLE;
if (evidence === null) throw new Error('the example has no evidence');

describe('a message about a slice', () => {
  test('names it', () => {
    const [metric] = evidence.metrics;
    if (metric === undefined) throw new Error('no metric');
    const sliced = { ...evidence, metrics: [metric, { ...metric, slice: 'tier=enterprise' }] };
    expect(built.render(notification({ evidence: sliced }), 'text')).toContain(
      '  errors{tier=enterprise}: hard, +0.82 pp',
    );
  });
});

describe('a message as text', () => {
  test('says what, how sure, what to do and where, line by line', () => {
    expect(built.render(notification({ evidence }), 'text')).toBe(
      [
        'New pricing engine stopped hard in production (5%)',
        'Hard stop: errors.',
        '  errors: hard, +0.82 pp (0.55 to 1.10), 650 canary and 12300 baseline requests',
        'Look: tidegate status pricing-v2-1',
        'Rollout pricing-v2-1, flag pricing-v2 in production at 5 %, owner payments, PAY-1, 2026-01-02T03:04:05.000Z',
        '',
      ].join('\n'),
    );
  });

  test('has no HTML entities and nothing that steers a terminal', () => {
    const text = built.render(notification({ summary: 'a < b & "c"\u001b[2J\r\nfake line\u202e' }), 'text');
    expect(text.split('\n')[1]).toBe('a < b & "c" [2J fake line');
  });

  test('never runs what a person wrote as a template', () => {
    expect(built.render(notification({ summary: '{{ 7 * 7 }}{% if %}' }), 'text')).toContain(
      '{{ 7 * 7 }}{% if %}',
    );
  });
});

describe('a message as Markdown', () => {
  test('is built for reading', () => {
    expect(built.render(notification({ title: 'T', summary: 'S', evidence }), 'markdown')).toMatch(
      /^\*\*T\*\*\n\nS\n\n- errors\\: hard.*\n\n- Look: `tidegate status pricing-v2-1`\n\nRollout /,
    );
  });

  test('takes markup, mentions and links from people as plain words', () => {
    const markdown = built.render(
      notification({ summary: '[x](http://evil) **b** @here `c` <!channel>' }),
      'markdown',
    );
    const said = '\\[x\\]\\(http\\://evil\\) \\*\\*b\\*\\* \\@here \\`c\\` \\<\\!channel\\>';
    expect(markdown.split('\n')[2]).toBe(said);
  });

  test('keeps commands readable inside their code span', () => {
    const actions = [{ label: 'Free', command: 'tidegate unlock a_b --reason "`x`"' }];
    expect(built.render(notification({ actions }), 'markdown')).toContain(
      '`tidegate unlock a_b --reason "\'x\'"`',
    );
  });
});

test.each(TRANSITIONS)('%s has a text and a Markdown form without a warning', (event) => {
  for (const format of ['text', 'markdown'] as const) {
    const full = built.render(notification({ event, evidence, undelivered: 'pager' }), format);
    expect(full).toContain('This was meant for pager');
    expect(full).not.toMatch(/undefined|null|\{[{%]|\n\n\n/);
  }
  expect(log.lines).toEqual([]);
});

describe("an operator's template", () => {
  test('replaces the text and may extend the built-in one', () => {
    const own = operatorFile(
      'own.njk',
      '{% extends "base.text.njk" %}{% block facts %}See wiki/{{ rollout.flag }}{% endblock %}',
    );
    const renderer = createRenderer({ template: own, log });
    renderer.check();
    expect(renderer.render(notification(), 'text')).toMatch(/See wiki\/pricing-v2\n$/);
  });

  test.each([
    ['that does not compile', 'bad.njk', '{% if %}'],
    ['that throws', 'throws.njk', '{{ rollout.nothing.deep.deeper() }}'],
  ])('%s is logged, fails the check, and the plain text is sent', (_, name, text) => {
    const memory = rememberingLog();
    const renderer = createRenderer({ template: operatorFile(name, text), log: memory });
    expect(renderer.render(notification(), 'text')).toBe(plainMessage(notification()));
    expect(memory.lines.map(({ level }) => level)).toEqual(['warn']);
    expect(() => renderer.check()).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test('that is missing fails the check by its path', () => {
    const renderer = createRenderer({ template: join(folder, 'nowhere.njk'), log: rememberingLog() });
    expect(() => renderer.check()).toThrow(/nowhere\.njk/);
  });
});

describe('a message as HTML', () => {
  test.each(TRANSITIONS)('of %s is a page, and what people wrote is text in it', (event) => {
    const nasty = '<img src=x onerror=alert(1)> " \' & {{ 7 * 7 }}';
    const html = built.render(
      notification({ event, title: nasty, summary: nasty, undelivered: nasty }),
      'html',
    );
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; &quot; &#39; &amp; {{ 7 * 7 }}');
    expect(html).not.toMatch(/<img|undefined|null/);
    expect(log.lines).toEqual([]);
  });
});

describe("an operator's folder of templates", () => {
  const own = (files: Record<string, string>) => {
    const templates = mkdtempSync(join(folder, 'own-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(templates, name), text);
    return createRenderer({ templates, log: rememberingLog() });
  };

  test('has one for an event, one for the others, and leaves other formats as they are', () => {
    const renderer = own({
      'soft-stop.text.njk': 'Soft: {{ title }}',
      'default.text.njk':
        '{% extends "base.text.njk" %}{% block facts %}{% include "_foot.njk" %}{% endblock %}',
      '_foot.njk': 'Ask {{ rollout.owner }}',
    });
    renderer.check();
    expect(renderer.render(notification({ event: 'soft-stop', title: '{{ 7*7 }}' }), 'text')).toBe(
      'Soft: {{ 7*7 }}\n',
    );
    expect(renderer.render(notification({ event: 'drift' }), 'text')).toMatch(/Ask payments\n$/);
    expect(renderer.render(notification(), 'html')).toContain('<!doctype html>');
  });

  test('escapes for HTML by itself, so that no template can forget it', () => {
    const renderer = own({ 'default.html.njk': '<p>{{ summary }}</p>' });
    expect(renderer.render(notification({ summary: '<b>' }), 'html')).toBe('<p>&lt;b&gt;</p>\n');
  });

  test.each([
    [
      'of an event',
      'drift.text.njk',
      '{{ evidence.metrics[0].toUpperCase() }}',
      'drift.text.njk for drift (without optional fields)',
    ],
    [
      'that counts on an owner',
      'paused.html.njk',
      '{{ rollout.owner.trim() }}',
      'paused.html.njk for paused (without optional fields)',
    ],
    [
      'of an update',
      'incident-update.markdown.njk',
      '{{ standing.lines[0].trim() }}',
      'incident-update.markdown.njk for incident-update (without optional fields)',
    ],
    [
      'that stumbles over more',
      'upcoming.text.njk',
      '{% if upcoming.was %}{{ nothing() }}{% endif %}',
      'upcoming.text.njk for upcoming (with every optional field)',
    ],
    [
      'of a digest',
      'daily-digest.text.njk',
      '{{ digest.sections[0].title.trim() }}',
      'daily-digest.text.njk for daily-digest (without optional fields)',
    ],
    [
      'for all others',
      'default.text.njk',
      '{% if event == "steps-done" %}{{ nothing() }}{% endif %}',
      'default.text.njk for steps-done (with every optional field)',
    ],
  ])('with a file %s fails the check at the start, with the event', (_, name, text, said) => {
    expect(() => own({ [name]: text }).check()).toThrow(said);
  });

  test('a default is not tried with the events that have a file of their own, nor with digests', () => {
    const fails = (event: string) => `{% if event == "${event}" %}{{ nothing() }}{% endif %}`;
    own({ 'default.text.njk': fails('drift'), 'drift.text.njk': 'x' }).check();
    own({ 'default.text.njk': fails('daily-digest') }).check();
  });

  test('the built-in ones stumble over no message that there may be', () => {
    const memory = rememberingLog();
    const renderer = createRenderer({ log: memory });
    for (const event of [...EVENTS, ...DIGESTS])
      for (const example of Object.values(examplesOf(event)))
        for (const format of FORMATS) {
          if (format === 'status' && DIGESTS.some((one) => one === event)) continue;
          expect(renderer.render(example, format), `${event} ${format}`).not.toMatch(/undefined|null/);
        }
    expect(memory.lines).toEqual([]);
  });

  test('with a mended file counts at once', () => {
    const templates = mkdtempSync(join(folder, 'own-'));
    const renderer = createRenderer({ templates, log: rememberingLog() });
    const before = renderer.render(notification(), 'text');
    writeFileSync(join(templates, 'default.text.njk'), 'one');
    expect(renderer.render(notification(), 'text')).toBe('one\n');
    writeFileSync(join(templates, 'default.text.njk'), 'two');
    expect(renderer.render(notification(), 'text')).toBe('two\n');
    expect(before).toContain('Hard stop');
  });

  test.each([
    ['that no message looks for', 'soft-stopp.text.njk', 'x', /No message has the template soft-stopp/],
    ['that does not compile', 'default.html.njk', '{% if %}', /fails/],
  ])('with a file %s fails the check', (_, name, text, said) => {
    expect(() => own({ [name]: text }).check()).toThrow(said);
  });

  test('that is missing fails the check', () => {
    const renderer = createRenderer({ templates: join(folder, 'nowhere'), log: rememberingLog() });
    expect(() => renderer.check()).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

test.each([...EVENTS, ...DIGESTS])('the example of %s can be read in every format', (event) => {
  const log = rememberingLog();
  const renderer = createRenderer({ log });
  const shown = FORMATS.map((format) => renderer.render(exampleOf(event, 'chat'), format));
  expect(log.lines).toEqual([]);
  for (const text of shown) expect(text).not.toMatch(/undefined|null|\[object|\{\{|\{%/);
});
