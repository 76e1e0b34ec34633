import { Answers } from '../../plans/draft/answers.ts';

export type Asked =
  | 'name'
  | 'flag'
  | 'service'
  | 'risk'
  | 'users'
  | 'reversibility'
  | 'traffic'
  | 'migration'
  | 'owner'
  | 'ticket'
  | 'expires';

interface Question {
  key: Asked;
  /** Of the option, as commander shows it. */
  value: string;
  /** Beside the description of the answer. */
  choices?: readonly { value: string; label: string }[];
  hint?: string;
  /** From what was typed to what `Answers` takes. */
  read: (text: string) => unknown;
}

const asText = (text: string) => text.trim();
const asNumber = (text: string) =>
  text.trim() === '' ? Number.NaN : Number(text.replaceAll(/[_,](?=\d{3})/g, ''));
const asYesNo = (text: string) => ({ yes: true, no: false })[text.trim().toLowerCase()];

/** What a person is asked, in this order; each is an option too. */
export const QUESTIONS: readonly Question[] = [
  { key: 'name', value: '<key>', hint: 'checkout-v2', read: asText },
  { key: 'flag', value: '<key>', hint: 'checkout-v2', read: asText },
  { key: 'service', value: '<name>', hint: 'shop', read: asText },
  {
    key: 'risk',
    value: '<level>',
    choices: [
      { value: 'low', label: 'low: few would notice' },
      { value: 'medium', label: 'medium: users would notice' },
      { value: 'high', label: 'high: it costs money or trust' },
      { value: 'critical', label: 'critical: the business stops, or people are harmed' },
    ],
    read: asText,
  },
  { key: 'users', value: '<n>', hint: '20000', read: asNumber },
  {
    key: 'reversibility',
    value: '<kind>',
    choices: [
      { value: 'reversible', label: 'reversible: the old path can take over at any time' },
      { value: 'forward-only', label: 'forward-only: the old path cannot read what the new one writes' },
    ],
    read: asText,
  },
  { key: 'traffic', value: '<n>', hint: '200', read: asNumber },
  {
    key: 'migration',
    value: '<yes|no>',
    choices: [
      { value: 'no', label: 'no' },
      { value: 'yes', label: 'yes: data move to another place or form' },
    ],
    read: asYesNo,
  },
  { key: 'owner', value: '<team>', hint: 'payments', read: asText },
  { key: 'ticket', value: '<id>', hint: 'PAY-1234', read: asText },
  { key: 'expires', value: '<date>', hint: '2027-06-30', read: asText },
];

export function describe(key: Asked): string {
  return Answers.shape[key].description ?? key;
}

/** What is wrong with an answer, in a few words; undefined: nothing. `today`: a day that is over is no expiry. */
export function problemOf({ key, read, choices }: Question, text: string, today: string): string | undefined {
  const parsed = Answers.shape[key].safeParse(read(text));
  if (parsed.success) {
    return key === 'expires' && String(parsed.data) < today ? 'this day is over' : undefined;
  }
  if (choices !== undefined) return `one of ${choices.map(({ value }) => value).join(', ')}`;
  if (key === 'users') return 'a whole number above 0';
  if (key === 'traffic') return 'a number above 0';
  if (key === 'expires') return 'a date such as 2027-06-30';
  const message = parsed.error.issues[0]?.message ?? 'it does not fit';
  return /too small/i.test(message) ? 'it is empty' : message;
}
