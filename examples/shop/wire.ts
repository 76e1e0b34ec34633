import { isRegion } from './catalogue.ts';
import { BadRequest } from './http.ts';
import type { Basket, PricedLine } from './paths.ts';

export interface LineRequest {
  id: string;
  quantity: number;
}

export interface PriceRequest {
  region: string;
  lines: LineRequest[];
}

const MOST_LINES = 100;
const MOST_OF_ONE = 99;
const AMOUNTS = ['quantity', 'unit', 'discount', 'tax', 'total'] as const;

/** `{ region, lines: [{ id, quantity }] }`. Throws `BadRequest`. */
export function priceRequestOf(body: unknown): PriceRequest {
  const { region, lines } = record(body);
  if (typeof region !== 'string') throw new BadRequest('region is missing.');
  return { region, lines: linesOf(lines).map(lineRequestOf) };
}

/** `{ id, quantity }`, a quantity from 1 to 99, 1 when left out. Throws `BadRequest`. */
export function lineRequestOf(value: unknown): LineRequest {
  const { id, quantity = 1 } = record(value);
  if (typeof id !== 'string') throw new BadRequest('id is missing.');
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > MOST_OF_ONE) {
    throw new BadRequest(`quantity is a whole number from 1 to ${MOST_OF_ONE}.`);
  }
  return { id, quantity };
}

/** `{ region, lines }` with priced lines. Throws `BadRequest`. */
export function basketOf(body: unknown): Basket {
  const { region, lines } = record(body);
  if (typeof region !== 'string' || !isRegion(region)) throw new BadRequest('region is missing or unknown.');
  return { region, lines: linesOf(lines).map(pricedLineOf) };
}

export function pricedLinesOf(body: unknown): PricedLine[] {
  return linesOf(record(body)['lines']).map(pricedLineOf);
}

function pricedLineOf(value: unknown): PricedLine {
  const line = record(value);
  const amounts = AMOUNTS.map((name) => line[name]);
  const whole = amounts.filter((amount): amount is number => Number.isSafeInteger(amount));
  const [quantity, unit, discount, tax, total] = whole;
  if (typeof line['id'] !== 'string' || total === undefined)
    throw new BadRequest('A priced line is incomplete.');
  return {
    id: line['id'],
    quantity: quantity ?? 0,
    unit: unit ?? 0,
    discount: discount ?? 0,
    tax: tax ?? 0,
    total,
  };
}

function linesOf(value: unknown): unknown[] {
  if (!Array.isArray(value) || value.length > MOST_LINES)
    throw new BadRequest(`lines is a list of at most ${MOST_LINES}.`);
  return value;
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest('A JSON object is needed.');
  return Object.fromEntries(Object.entries(value));
}
