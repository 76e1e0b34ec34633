import { z } from 'zod';
import { choicesOf, type Expectation, requiredOf } from './expectation.ts';
import { nearest } from './nearest.ts';

const UNITS: [word: RegExp, unit: string][] = [
  [/^s(?:ec(?:ond)?s?)?$/, 's'],
  [/^m(?:in(?:ute)?s?)?$/, 'm'],
  [/^h(?:(?:ou)?rs?)?$/, 'h'],
  [/^d(?:ays?)?$/, 'd'],
];

/** What to write in place of `value`, `written` in the file as it stands there. */
export function advise(wanted: Expectation, value: unknown, written: string | undefined): string {
  const exact = correction(wanted, value, written);
  return exact === null ? describe(wanted) : exact;
}

/** What may stand in a place, in words. */
export function describe(wanted: Expectation): string {
  const { alternatives, title, examples } = wanted;
  const such = examples.length === 0 ? '' : ` such as ${examples.map(String).join(', ')}`;
  if (title !== null) return `a ${title}${such}`;
  const choices = choicesOf(wanted).map(String);
  const kinds = alternatives.flatMap((schema) => {
    if (schema instanceof z.ZodObject)
      return [
        `a mapping { ${requiredOf(schema)
          .map((key) => `${key}: ...`)
          .join(', ')} }`,
      ];
    if (schema instanceof z.ZodRecord) return ['a mapping by name'];
    if (schema instanceof z.ZodArray) return ['a list: [ ... ]'];
    if (schema instanceof z.ZodNumber)
      return [`a ${schema.format === 'safeint' ? 'whole ' : ''}number${such}`];
    if (schema instanceof z.ZodBoolean) return ['true or false'];
    if (schema instanceof z.ZodISODate) return ['a date such as 2026-12-20'];
    if (schema instanceof z.ZodURL) return ['an address such as http://host:9090'];
    return schema instanceof z.ZodString ? [`a text${such}`] : [];
  });
  const fixed = choices.length > 1 ? [`one of ${choices.join(', ')}`] : choices;
  return [...fixed, ...new Set(kinds)].join(', or ').replace('{  }', '{ ... }');
}

/** The value as it was most likely meant, in the form that the place wants. */
function correction(wanted: Expectation, value: unknown, written: string | undefined): string | null {
  const text = typeof value === 'string' ? value.trim() : (written ?? JSON.stringify(value) ?? '');
  switch (wanted.title) {
    case 'duration':
      return duration(text);
    case 'difference':
      return difference(text);
    case 'percentage':
      return share(text, '%');
    case 'number of percentage points':
      return share(text, 'pp');
    case 'number of percent':
      return match(/^(\d+(?:\.\d+)?)\s*%?$/, text);
    case 'limit':
      return limit(text);
    default:
  }
  if (typeof value === 'string') {
    const near = nearest(value, choicesOf(wanted).map(String));
    if (near !== null) return near;
  }
  const has = (type: typeof z.ZodString | typeof z.ZodNumber | typeof z.ZodArray | typeof z.ZodRecord) =>
    wanted.alternatives.some((schema) => schema instanceof type);
  const fits = (one: string) => wanted.alternatives.some((schema) => schema.safeParse(one).success);
  if (typeof value === 'number' && !fits(text) && fits(`${text}%`)) return `${text}%`;
  if (has(z.ZodString) && (typeof value === 'number' || typeof value === 'boolean'))
    return `in quotes: "${text}"`;
  if (has(z.ZodNumber) && typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(text))
    return `${text} without quotes`;
  const isShare = (share: number) => wanted.alternatives.some((schema) => schema.safeParse(share).success);
  if (has(z.ZodNumber) && typeof value === 'number' && value >= 10 && value <= 100 && isShare(value / 100)) {
    return String(value / 100);
  }
  const isElement = wanted.alternatives.some(
    (schema) => schema instanceof z.ZodArray && schema.safeParse([value]).success,
  );
  if (isElement && typeof value !== 'object') return `a list: [${text}]`;
  if (has(z.ZodArray) && typeof value === 'object' && value !== null && !Array.isArray(value))
    return 'a list: each entry begins with "- "';
  return null;
}

function duration(text: string): string | null {
  if (/^\d+(?:\.\d+)?$/.test(text)) return `a unit with it: ${text}s, ${text}m, ${text}h or ${text}d`;
  const parts = /^(\d+(?:\.\d+)?)[\s-]*([a-z]+)\.?$/i.exec(text);
  const [, amount = '', word = ''] = parts ?? [];
  if (/^w(?:eeks?)?$/i.test(word)) return `${Number(amount) * 7}d`;
  if (/^(?:ms|milli.*)$/i.test(word)) return `${Number(amount) / 1000}s`;
  const unit = UNITS.find(([pattern]) => pattern.test(word.toLowerCase()))?.[1];
  return parts === null || unit === undefined ? null : `${amount}${unit}`;
}

function difference(text: string): string | null {
  if (text.startsWith('min(') && !text.includes(')'))
    return 'in quotes, since it holds a comma: "min(+0.1pp, +50%)"';
  const parts = /^([+-]?)\s*(\d+(?:\.\d+)?)\s*(pp|%|percent|points?)?$/i.exec(text);
  if (parts === null) return null;
  const [, sign = '', amount = '', unit = ''] = parts;
  const points = /^(?:pp|points?)$/i.test(unit);
  if (sign !== '' && unit !== '') return `${sign}${amount}${points ? 'pp' : '%'}`;
  const worse = sign === '' ? ', or with - for a metric of good events' : '';
  if (points) return `+${amount}pp${worse}`;
  const size = unit === '' && Number(amount) < 1 ? percent(amount) : amount;
  const plus = sign || '+';
  return `${plus}${size}pp (percentage points) or ${plus}${size}% (of the baseline)${worse}`;
}

function share(text: string, unit: '%' | 'pp'): string | null {
  const parts = /^\+?(\d+(?:\.\d+)?)\s*(%|pp)?$/.exec(text);
  if (parts === null) return null;
  const [, amount = '', given] = parts;
  return `${given === undefined && Number(amount) < 1 ? percent(amount) : amount}${unit}`;
}

function limit(text: string): string | null {
  const parts = /^[<>=\s]*(\d+(?:\.\d+)?)\s*(.*)$/.exec(text);
  if (parts === null) return null;
  const [, amount = '', rest = ''] = parts;
  if (/^(?:x|times|\*)/i.test(rest)) return `${amount}x baseline`;
  const unit = ['%', 'ms', 's'].find((one) => rest.toLowerCase().startsWith(one));
  if (unit !== undefined) return amount + unit;
  return rest === '' && text !== amount ? amount : null;
}

/** 0.005 → 0.5, without the noise of binary fractions. */
function percent(amount: string): string {
  return String(Number((Number(amount) * 100).toPrecision(10)));
}

function match(pattern: RegExp, text: string): string | null {
  const amount = pattern.exec(text)?.[1];
  return amount !== undefined && Number(amount) > 0 && Number(amount) <= 100 ? amount : null;
}
